using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;

namespace Billing.Pricing.Agreements;

/// <summary>Base fees that were agreed with a tenant: for its plan first, then for whatever plan.</summary>
public static class AgreedFees
{
    /// <summary>Null: nothing is agreed at that moment.</summary>
    public static TenantFeeSetV1? InForce(
        TenantId tenant, PlanId plan, Currency currency, CatalogState state, DateTimeOffset moment) =>
        state.Fees.IsEmpty
            ? null
            : InForce(new(tenant, currency, plan), state, moment)
                ?? InForce(new(tenant, currency, null), state, moment);

    /// <summary>The moments at which one may begin or end.</summary>
    public static IEnumerable<DateTimeOffset> Borders(
        TenantId tenant, Currency currency, IEnumerable<PlanId> plans, CatalogState state) =>
        state.Fees.IsEmpty
            ? []
            : plans.Select(plan => (PlanId?)plan).Append(null)
                .SelectMany(plan => state.Fees.GetValueOrDefault(new(tenant, currency, plan), []))
                .Select(set => set.From);

    private static TenantFeeSetV1? InForce(FeeScope scope, CatalogState state, DateTimeOffset moment)
    {
        var last = state.Fees.GetValueOrDefault(scope)?.LastOrDefault(set => set.From <= moment);
        return last?.Fee is null ? null : last;
    }
}
