using Billing.Contracts.Values;

namespace Billing.Contracts.Catalog;

// What was agreed with one tenant goes before what its plan says: with the plan named first, then for
// whatever plan it has. From its moment on each holds until the next one of the same scope.

/// <summary>
/// A version of what one tenant has included of a meter in each period, instead of what its plan includes.
/// Written by Pricing.
/// </summary>
/// <param name="Quantity">None: nothing is agreed any more, what the plan includes counts again.</param>
/// <param name="Plan">While it has this plan; none: whatever it has, and for usage without one.</param>
[WireName("billing.pricing.tenant-allowance-set.v1")]
public sealed record TenantAllowanceSetV1(
    TenantId Tenant,
    MeterId Meter,
    int Version,
    DateTimeOffset From,
    DecisionV1 Decision,
    Quantity? Quantity = null,
    PlanId? Plan = null);

/// <summary>
/// A version of the base fee that one tenant pays for a whole period, instead of its plan's. In mid-period it
/// counts for the days from its moment on. Written by Pricing.
/// </summary>
/// <param name="Currency">Of the subscriptions that it is for.</param>
/// <param name="Fee">None: nothing is agreed any more, the plan's fee counts again.</param>
/// <param name="Plan">While it has this plan; none: whatever it has.</param>
[WireName("billing.pricing.tenant-fee-set.v1")]
public sealed record TenantFeeSetV1(
    TenantId Tenant,
    Currency Currency,
    int Version,
    DateTimeOffset From,
    DecisionV1 Decision,
    Amount? Fee = null,
    PlanId? Plan = null);
