using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.Pricing.Catalog.Scheduled;

namespace Billing.Pricing.Overage;

/// <summary>Whom a limit is for: one tenant, everybody on a plan, or everybody.</summary>
public sealed record QuotaScope(MeterId Meter, TenantId? Tenant, PlanId? Plan)
{
    public static QuotaScope Of(QuotaLimitSetV1 limit) => new(limit.Meter, limit.Tenant, limit.Plan);
}

/// <summary>
/// From a moment on, how much of a meter may be used in a period. The most specific limit in force counts,
/// whole; one without any cap lifts what was there.
/// </summary>
public static class SetQuotaLimit
{
    public const int UsualWarning = 80;

    public sealed record Command(
        MeterId Meter, DateTimeOffset From, Author Author, TenantId? Tenant = null, PlanId? Plan = null,
        Quantity? HardCap = null, Quantity? SoftCap = null, long? GraceSeconds = null,
        Amount? SpendCap = null, int? WarnAtPercent = null);

    public static CatalogDecision Decide(Command command, CatalogState state, DateTimeOffset now)
    {
        var limit = new QuotaLimitSetV1(
            command.Meter, command.From, command.Author.At(now), command.Tenant, command.Plan,
            command.HardCap, command.SoftCap, command.GraceSeconds, command.SpendCap, command.WarnAtPercent);
        var known = state.QuotaLimits.GetValueOrDefault(QuotaScope.Of(limit), []);
        if (known is [.., var newest] && IsSame(newest, limit)) return CatalogDecision.AlreadySo;

        List<Refusal> refusals =
        [
            .. command.Author.Check(), .. CheckNames(command, state), .. CheckCaps(command),
        ];
        if (Standing.Of(known, fact => fact.From, IsSame).LastOrDefault() is { } last
            && command.From <= last.From)
            refusals.Add(new("changes-go-forward", "from",
                $"The limit before this one begins at {last.From:u}; this one begins later."));

        return refusals.Count > 0 ? CatalogDecision.Refuse(refusals) : CatalogDecision.Record(limit);
    }

    /// <summary>Without any cap: what was there is lifted.</summary>
    public static QuotaLimitSetV1 Without(QuotaLimitSetV1 limit) =>
        new(limit.Meter, limit.From, limit.Decision, limit.Tenant, limit.Plan);

    public static bool IsSame(QuotaLimitSetV1? before, QuotaLimitSetV1 after) =>
        (before ?? Without(after)) with { From = after.From, Decision = after.Decision } == after;

    /// <summary>Null: nothing limits that meter.</summary>
    /// <param name="plan">Of the subscription in force; null: none is.</param>
    public static QuotaLimitSetV1? InForce(
        MeterId meter, TenantId tenant, PlanId? plan, CatalogState state, DateTimeOffset moment) =>
        InForce(new(meter, tenant, null), state, moment)
        ?? (plan is { } known ? InForce(new(meter, null, known), state, moment) : null)
        ?? InForce(new(meter, null, null), state, moment);

    private static QuotaLimitSetV1? InForce(QuotaScope scope, CatalogState state, DateTimeOffset moment) =>
        state.QuotaLimits.GetValueOrDefault(scope)?.LastOrDefault(limit => limit.From <= moment);

    private static IEnumerable<Refusal> CheckNames(Command command, CatalogState state)
    {
        if (!state.Meters.ContainsKey(command.Meter))
            yield return new("unknown-meter", "meter", $"There is no meter {command.Meter}.");
        if (command.Tenant is { } tenant && !state.Tenants.ContainsKey(tenant))
            yield return new("unknown-tenant", "tenant", $"There is no tenant {tenant}.");
        if (command.Plan is { } plan && !state.Plans.ContainsKey(plan))
            yield return new("unknown-plan", "plan", $"There is no plan {plan}.");
        if (command is { Tenant: not null, Plan: not null })
            yield return new(
                "tenant-or-plan", "plan", "A limit is for a tenant or for a plan, not for both.");
    }

    private static IEnumerable<Refusal> CheckCaps(Command command)
    {
        if (command.HardCap < Quantity.Zero || command.SoftCap < Quantity.Zero)
            yield return new("cap-below-zero", "hardCap", "A cap is not below zero.");
        if (command.SpendCap is { Trillionths: var spend } && spend < 0)
            yield return new("cap-below-zero", "spendCap", "A cap is not below zero.");
        if (command is { HardCap: { } hard, SoftCap: { } soft } && soft > hard)
            yield return new("soft-above-hard", "softCap", "The soft cap is passed before the hard one.");
        if (command.GraceSeconds is { } grace && (command.SoftCap is null || grace < 0))
            yield return new("grace", "graceSeconds", "A grace is of a soft cap, and not below zero.");
        if (command.WarnAtPercent is < 1 or > 100)
            yield return new("warn-at", "warnAtPercent", "A warning comes at 1 to 100 percent.");
    }
}
