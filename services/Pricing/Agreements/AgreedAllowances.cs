using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;

namespace Billing.Pricing.Agreements;

/// <summary>
/// What is included of a meter: what was agreed with the tenant for its plan, else with the tenant, else what
/// the plan says.
/// </summary>
public static class AgreedAllowances
{
    /// <param name="Version">Of the agreement; null: the plan's.</param>
    public readonly record struct Included(Quantity Quantity, int? Version);

    /// <param name="plan">Null: usage without one, for which no plan includes anything.</param>
    public static Included InForce(
        TenantId tenant, MeterId meter, PlanId? plan, CatalogState state, DateTimeOffset moment)
    {
        if (Agreed(tenant, meter, plan, state, moment) is { Quantity: { } agreed, Version: var version })
            return new(agreed, version);

        var ofPlan = plan is { } known
            ? state.Plans.GetValueOrDefault(known)?.InForce(moment)?.Included
                .FirstOrDefault(allowance => allowance.Meter == meter)?.Quantity
            : null;
        return new(ofPlan ?? Quantity.Zero, null);
    }

    /// <summary>The moments at which something that was agreed may begin or end.</summary>
    public static IEnumerable<DateTimeOffset> Borders(
        TenantId tenant, MeterId meter, IEnumerable<PlanId> plans, CatalogState state) =>
        state.Allowances.IsEmpty
            ? []
            : plans.Select(plan => (PlanId?)plan).Append(null)
                .SelectMany(plan => state.Allowances.GetValueOrDefault(new(tenant, meter, plan), []))
                .Select(set => set.From);

    private static TenantAllowanceSetV1? Agreed(
        TenantId tenant, MeterId meter, PlanId? plan, CatalogState state, DateTimeOffset moment)
    {
        if (state.Allowances.IsEmpty) return null;

        return plan is { } known && Agreed(new(tenant, meter, known), state, moment) is { } forPlan
            ? forPlan
            : Agreed(new(tenant, meter, null), state, moment);
    }

    private static TenantAllowanceSetV1? Agreed(
        AllowanceScope scope, CatalogState state, DateTimeOffset moment)
    {
        var last = state.Allowances.GetValueOrDefault(scope)?.LastOrDefault(set => set.From <= moment);
        return last?.Quantity is null ? null : last;
    }
}
