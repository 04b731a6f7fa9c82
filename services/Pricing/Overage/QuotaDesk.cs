using System.Collections.Concurrent;
using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.Pricing.Catalog.Storage;
using Billing.Pricing.Rating;
using Billing.Pricing.Rating.Taking;
using Billing.Pricing.Subscriptions;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;

namespace Billing.Pricing.Overage;

/// <summary>
/// Answers whether units may be used now, from what is rated at this moment: one round trip while the catalog
/// stays as it is. What is used and not rated yet is not in it, so a cap is passed by at most what arrives
/// between use and rating.
/// </summary>
public sealed class QuotaDesk(
    ServiceDatabase database, StoredCatalog stored, CatalogDesk desk, ReadUsage usage, FindZone zones)
{
    private const int MostTerms = 10_000;

    private readonly ConcurrentDictionary<Guid, (long Number, Terms Terms)> _terms = [];

    /// <summary>For services of the platform and staff.</summary>
    /// <returns>Null: no such tenant or meter, or no currency to count in.</returns>
    public async Task<Outcome?> Check(
        TenantId tenant, MeterId meter, Quantity units, CancellationToken cancellation)
    {
        await using var connection = await database.Staff.OpenConnectionAsync(cancellation);
        while (true)
        {
            var (known, now) = (stored.Last(), desk.Time);
            var (key, limit) = Find(tenant, meter, known.State, now);
            var found = await QuotaQuestion.Ask(connection, known, key, limit, cancellation);
            if (found.IsCatalogOld)
            {
                await stored.Read(connection, cancellation);
                continue;
            }

            if (key is null) return null;

            var state = await State(key, found, known, now, cancellation);
            return await Answer(key, limit, state, units, cancellation);
        }
    }

    /// <summary>For the tenant itself, as the database lets it see its usage.</summary>
    /// <returns>As above; also where it has neither allowance nor price nor use.</returns>
    public async Task<Outcome?> CheckOwn(
        Caller caller, MeterId meter, Quantity units, CancellationToken cancellation)
    {
        var found = await usage.Of(caller, caller.Tenant!, at: null, (standing, connection) =>
        {
            var used = standing.Meters.FirstOrDefault(one => one.Key.Meter == meter);
            var limit = used is null
                ? null
                : Find(standing.Tenant, meter, standing.Catalog.State, standing.AsOf).Limit;
            var passed = SoftCaps.Read(connection, used?.Key.Id, limit);
            return new Own(used, limit, passed, standing.AsOf);
        }, cancellation);
        return found is { Used: { } own }
            ? await Answer(
                own.Key, found.Limit, new(own.Terms, own.Tally, found.PassedAt, found.AsOf), units,
                cancellation)
            : null;
    }

    /// <param name="IsHard">The tightest cap is one that is never passed.</param>
    public sealed record Outcome(DecideQuota.Answer Answer, bool IsHard, BillingPeriod Period);

    private sealed record Own(
        ReadUsage.MeterStanding? Used, QuotaLimitSetV1? Limit, DateTimeOffset? PassedAt,
        DateTimeOffset AsOf);

    private (TallyKey? Key, QuotaLimitSetV1? Limit) Find(
        TenantId tenant, MeterId meter, CatalogState state, DateTimeOffset now)
    {
        if (!state.Tenants.ContainsKey(tenant) || !state.Meters.ContainsKey(meter)) return (null, null);

        var plan = SubscriptionHistory.Of(tenant, now, state)?.Plan;
        return (
            TallyKey.Of(tenant, meter, now, state, zones),
            SetQuotaLimit.InForce(meter, tenant, plan, state, now));
    }

    private async Task<DecideQuota.State> State(
        TallyKey key, QuotaQuestion.Found found, KnownCatalog known, DateTimeOffset now,
        CancellationToken cancellation)
    {
        var terms = TermsOf(key, known);
        if (found.Tally is { } tally && tally.Terms != terms.Id)
            terms = key.Terms((await desk.At(found.CatalogNumber, cancellation)).State, zones);
        return new(terms, found.Tally ?? Tally.Empty(terms), found.PassedAt, now);
    }

    /// <summary>Put together once for as long as the catalog stays as it is.</summary>
    private Terms TermsOf(TallyKey key, KnownCatalog known)
    {
        if (_terms.TryGetValue(key.Id, out var kept) && kept.Number == known.Number) return kept.Terms;

        if (_terms.Count >= MostTerms) _terms.Clear();
        var terms = key.Terms(known.State, zones);
        _terms[key.Id] = (known.Number, terms);
        return terms;
    }

    private async Task<Outcome> Answer(
        TallyKey key, QuotaLimitSetV1? limit, DecideQuota.State state, Quantity units,
        CancellationToken cancellation)
    {
        var (total, now) = (new PeriodTotal { IsTraced = false }, state.AsOf);
        if (limit?.SoftCap is { } cap && state.SoftCapPassedAt is null
            && UsageView.UsedOf(state.Terms, state.Tally, total) > cap)
        {
            await SoftCaps.Put(database, key, limit, now, cancellation);
            state = state with { SoftCapPassedAt = now };
        }

        return new(
            DecideQuota.Decide(Limits(limit, key.Currency), state, units, total, now),
            limit?.HardCap is { } hard && !(limit.SoftCap < hard), key.Period);
    }

    private static DecideQuota.Limits Limits(QuotaLimitSetV1? limit, Currency currency) => limit is null
        ? new()
        : new(
            limit.HardCap, limit.SoftCap, TimeSpan.FromSeconds(limit.GraceSeconds ?? 0),
            limit.SpendCap?.Currency == currency ? limit.SpendCap : null,
            limit.WarnAtPercent ?? SetQuotaLimit.UsualWarning);
}
