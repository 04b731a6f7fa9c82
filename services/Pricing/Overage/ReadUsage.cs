using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.Pricing.Catalog.Storage;
using Billing.Pricing.Rating;
using Billing.Pricing.Rating.Taking;
using Billing.Pricing.Subscriptions;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using Npgsql;

namespace Billing.Pricing.Overage;

/// <summary>
/// How a tenant's usage stands in a period, read from the running state. What is under way and not rated yet
/// is not in it.
/// </summary>
public sealed class ReadUsage(ServiceDatabase database, CatalogDesk desk, FindZone zones)
{
    /// <param name="Subscription">In force at the moment; null: none, so it is a calendar month, UTC.</param>
    /// <param name="AsOf">When it was read.</param>
    public sealed record Standing(
        TenantId Tenant, SubscriptionHistory? Subscription, Currency Currency, BillingPeriod Period,
        KnownCatalog Catalog, IReadOnlyList<MeterStanding> Meters, DateTimeOffset AsOf)
    {
        public IReadOnlyList<UsageView> Views()
        {
            var total = new PeriodTotal { IsTraced = false };
            return [.. Meters.Select(meter => UsageView.Of(meter.Terms, meter.Tally, total, AsOf))];
        }
    }

    /// <param name="Terms">By which the tally is laid out.</param>
    /// <param name="IsBehind">A change of the catalog is not rated yet; it will be in a moment.</param>
    public sealed record MeterStanding(TallyKey Key, Terms Terms, Tally Tally, bool IsBehind);

    /// <summary>The tenant of the caller; of staff the one that is named.</summary>
    /// <exception cref="ServiceDefaults.Database.Paging.RefusedRequestException">None is.</exception>
    public static string TenantOf(Caller caller, string? named) => caller.Tenant ?? named
        ?? throw new ServiceDefaults.Database.Paging.RefusedRequestException("Name a 'tenant'.");

    /// <param name="at">In the period; null: now.</param>
    /// <returns>Null where there is no such tenant, or nothing says in what currency it pays.</returns>
    public Task<Standing?> Of(
        Caller caller, string tenant, DateTimeOffset? at, CancellationToken cancellation) =>
        Of(caller, tenant, at, (standing, _) => standing, cancellation);

    /// <param name="look">In the snapshot that it was read from.</param>
    public async Task<T?> Of<T>(
        Caller caller, string tenant, DateTimeOffset? at, Func<Standing, NpgsqlConnection, T> look,
        CancellationToken cancellation) where T : class
    {
        var (catalog, now) = (await desk.Now(cancellation), desk.Time);
        if (caller.Tenant is { } own && own != tenant) return null;
        if (!ReadNames.InPath<TenantId>(tenant, out var id)
            || !catalog.State.Tenants.ContainsKey(id)) return null;

        var moment = Moments.Utc(at) ?? now;
        var keys = catalog.State.Meters.Keys
            .Select(meter => TallyKey.Of(id, meter, moment, catalog.State, zones)).OfType<TallyKey>()
            .OrderBy(key => key.Meter.ToString(), StringComparer.Ordinal).ToList();
        if (keys.Count == 0) return null;

        return caller.IsStaff
            ? await database.AsStaff((connection, _) => Look(connection), cancellation)
            : await database.AsTenant(tenant, (connection, _) => Look(connection), cancellation);

        async Task<T> Look(NpgsqlConnection connection)
        {
            var rows = await TallyRows.Read(
                connection, TallyRows.Find(keys.Select(key => key.Id)), cancellation);
            var byKey = rows.ToDictionary(row => row.Key.Id);
            var meters = new List<MeterStanding>();
            foreach (var key in keys)
                if (await Of(key, byKey.GetValueOrDefault(key.Id), catalog, cancellation) is { } meter)
                    meters.Add(meter);
            var subscription =
                keys[0].Subscription is { } known ? catalog.State.Subscriptions[known] : null;
            return look(
                new(id, subscription, keys[0].Currency, keys[0].Period, catalog, meters, now), connection);
        }
    }

    // Meters that the tenant has not used are shown where it has an allowance or a price.
    private async Task<MeterStanding?> Of(
        TallyKey key, TallyRow? row, KnownCatalog catalog, CancellationToken cancellation)
    {
        var terms = key.Terms(catalog.State, zones);
        if (row is null)
            return terms.Segments.Any(segment =>
                !segment.Included.IsZero || !segment.Prices.IsEmpty)
                ? new(key, terms, Tally.Empty(terms), IsBehind: false)
                : null;
        if (row.Tally.Terms == terms.Id) return new(key, terms, row.Tally, IsBehind: false);

        var before = await desk.At(row.CatalogNumber, cancellation);
        return new(key, key.Terms(before.State, zones), row.Tally, row.CatalogNumber < catalog.Number);
    }
}
