using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.Pricing.Catalog.Scheduled;

namespace Billing.Pricing.Agreements;

/// <summary>An allowance of one tenant, for people.</summary>
/// <param name="Plan">Null: whatever plan it has.</param>
/// <param name="Quantity">Null: what the plan includes counts again.</param>
/// <param name="Until">From when on something else counts; null: as far as is known, never.</param>
/// <param name="Actor">Who decided; as the reason, not shown to tenants.</param>
public sealed record AllowanceView(
    MeterId Meter, PlanId? Plan, Quantity? Quantity, int Version, DateTimeOffset From, DateTimeOffset? Until,
    VersionState State, DateTimeOffset DecidedAt, string? Actor, string? Reason)
{
    /// <summary>Those that count, or counted once, in the order of time.</summary>
    public static IEnumerable<AllowanceView> Of(
        AllowanceScope scope, CatalogState state, DateTimeOffset now, bool isStaff)
    {
        var known = state.Allowances.GetValueOrDefault(scope, []);
        var sets = Standing.Of(known, set => set.From, IsSame).ToList();
        return sets.Select((set, place) => new AllowanceView(
            set.Meter, set.Plan, set.Quantity, set.Version, set.From, End(place),
            AgreedSpans.StateOf(set.From, End(place), now), set.Decision.At,
            isStaff ? set.Decision.Actor : null, isStaff ? set.Decision.Reason : null));

        DateTimeOffset? End(int place) => place + 1 < sets.Count ? sets[place + 1].From : null;
    }

    internal static bool IsSame(TenantAllowanceSetV1? before, TenantAllowanceSetV1 after) =>
        before?.Quantity == after.Quantity;
}

/// <summary>A base fee of one tenant, for people.</summary>
/// <param name="Plan">Null: whatever plan it has.</param>
/// <param name="Fee">For a whole period; null: the plan's fee counts again.</param>
/// <param name="Until">From when on something else counts; null: as far as is known, never.</param>
/// <param name="Actor">Who decided; as the reason, not shown to tenants.</param>
public sealed record FeeView(
    Currency Currency, PlanId? Plan, Amount? Fee, int Version, DateTimeOffset From, DateTimeOffset? Until,
    VersionState State, DateTimeOffset DecidedAt, string? Actor, string? Reason)
{
    /// <summary>Those that count, or counted once, in the order of time.</summary>
    public static IEnumerable<FeeView> Of(
        FeeScope scope, CatalogState state, DateTimeOffset now, bool isStaff)
    {
        var sets = Standing.Of(state.Fees.GetValueOrDefault(scope, []), set => set.From, IsSame).ToList();
        return sets.Select((set, place) => new FeeView(
            set.Currency, set.Plan, set.Fee, set.Version, set.From, End(place),
            AgreedSpans.StateOf(set.From, End(place), now), set.Decision.At,
            isStaff ? set.Decision.Actor : null, isStaff ? set.Decision.Reason : null));

        DateTimeOffset? End(int place) => place + 1 < sets.Count ? sets[place + 1].From : null;
    }

    internal static bool IsSame(TenantFeeSetV1? before, TenantFeeSetV1 after) => before?.Fee == after.Fee;
}
