using Billing.Contracts.Catalog;
using Billing.Contracts.Values;

namespace Billing.Pricing.Agreements;

/// <summary>What an allowance was agreed for.</summary>
/// <param name="Plan">Null: whatever plan the tenant has, and usage without one.</param>
public sealed record AllowanceScope(TenantId Tenant, MeterId Meter, PlanId? Plan)
{
    public static AllowanceScope Of(TenantAllowanceSetV1 set) => new(set.Tenant, set.Meter, set.Plan);
}

/// <summary>What a base fee was agreed for.</summary>
/// <param name="Plan">Null: whatever plan the tenant has.</param>
public sealed record FeeScope(TenantId Tenant, Currency Currency, PlanId? Plan)
{
    public static FeeScope Of(TenantFeeSetV1 set) => new(set.Tenant, set.Currency, set.Plan);
}
