using Billing.Contracts.Values;

namespace Billing.Contracts.Catalog;

// The number of a catalog fact in its one lane is "the catalog's number", by which what waits was judged.

/// <summary>Who decided a change of the catalog, when and why.</summary>
public sealed record DecisionV1(string Actor, DateTimeOffset At, string Reason);

/// <summary>A tenant, new or changed, whole. Written by Pricing.</summary>
/// <param name="Country">ISO 3166, two capital letters.</param>
[WireName("billing.pricing.tenant-set.v1")]
public sealed record TenantSetV1(TenantId Tenant, string Name, string Country, DecisionV1 Decision);

/// <summary>A meter, new or changed, whole. Written by Pricing.</summary>
/// <param name="EventType">The type of the usage events that it takes.</param>
/// <param name="Property">The property that it aggregates; none: it counts events.</param>
/// <param name="Filter">Takes only events that have all these properties.</param>
/// <param name="Dimensions">Properties that a price may depend on.</param>
[WireName("billing.pricing.meter-set.v1")]
public sealed record MeterSetV1(
    MeterId Meter,
    string EventType,
    string Unit,
    Aggregation Aggregation,
    IReadOnlyList<string> Dimensions,
    DecisionV1 Decision,
    string? Property = null,
    Properties? Filter = null);

/// <summary>How the measures of a meter make one number of a period.</summary>
public enum Aggregation
{
    Sum,
    Count,
    Max,
    Latest,
    Unique,
    WeightedSum,
}

/// <summary>A version of a plan, whole. Nothing is overwritten. Written by Pricing.</summary>
/// <param name="BaseFees">Per period, one for each currency that the plan is sold in.</param>
[WireName("billing.pricing.plan-published.v1")]
public sealed record PlanPublishedV1(
    PlanId Plan,
    int Version,
    string Name,
    DateTimeOffset From,
    IReadOnlyList<Amount> BaseFees,
    IReadOnlyList<AllowanceV1> Included,
    DecisionV1 Decision);

/// <summary>What a plan includes of a meter in each period.</summary>
public sealed record AllowanceV1(MeterId Meter, Quantity Quantity);

/// <summary>
/// A subscription as it is from a moment on: started, changed or ended. Written by Pricing; periods follow
/// from it.
/// </summary>
/// <param name="TimeZone">A name of the time zone database: <c>Europe/Berlin</c>.</param>
/// <param name="Until">The moment at which it ends, once that is known.</param>
[WireName("billing.pricing.subscription-set.v1")]
public sealed record SubscriptionSetV1(
    SubscriptionId Subscription,
    TenantId Tenant,
    PlanId Plan,
    string Country,
    Currency Currency,
    PeriodAnchor Anchor,
    string TimeZone,
    DateTimeOffset From,
    DecisionV1 Decision,
    DateTimeOffset? Until = null,
    DateTimeOffset? TrialUntil = null);

/// <summary>
/// From a moment on, which of the two sources of overage a tenant is charged by. Written by Pricing.
/// </summary>
[WireName("billing.pricing.overage-source-set.v1")]
public sealed record OverageSourceSetV1(
    TenantId Tenant, MeterId Meter, OverageSource Source, DateTimeOffset From, DecisionV1 Decision);

public enum OverageSource
{
    /// <summary>Worked out from usage and allowance.</summary>
    Computed,

    /// <summary>As <see cref="Topics.QuotaExceeded"/> says.</summary>
    Reported,
}
