using Billing.Contracts.Values;

namespace Billing.Contracts.Catalog;

/// <summary>
/// From a moment on, how much of a meter may be used in a period: by one tenant, else on one plan, else by
/// everybody; the most specific that is in force counts, whole. Without any cap it lifts what was there.
/// Written by Pricing.
/// </summary>
/// <param name="HardCap">Units of a period that are never passed.</param>
/// <param name="SoftCap">Units of a period that may be passed for a time.</param>
/// <param name="GraceSeconds">For how long after the soft cap was first passed; none: not at all.</param>
/// <param name="SpendCap">Cost of the meter in a period that is never passed; for its currency only.</param>
/// <param name="WarnAtPercent">Of each cap, 1 to 100.</param>
[WireName("billing.pricing.quota-limit-set.v1")]
public sealed record QuotaLimitSetV1(
    MeterId Meter,
    DateTimeOffset From,
    DecisionV1 Decision,
    TenantId? Tenant = null,
    PlanId? Plan = null,
    Quantity? HardCap = null,
    Quantity? SoftCap = null,
    long? GraceSeconds = null,
    Amount? SpendCap = null,
    int? WarnAtPercent = null);
