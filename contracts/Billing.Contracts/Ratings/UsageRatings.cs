using Billing.Contracts.Values;

namespace Billing.Contracts.Ratings;

/// <summary>
/// What one measure of an accepted event adds to its period: the total with it minus the total before it, so
/// zero and negative amounts are possible. Its fact id is the charge id. Written by Pricing, read by the
/// Ledger.
/// </summary>
[WireName("billing.pricing.use-rated.v1")]
public sealed record UseRatedV1(
    TenantId Tenant,
    EventId Event,
    int Revision,
    MeterId Meter,
    BillingPeriod Period,
    DateTimeOffset UsedAt,
    Quantity Quantity,
    Amount Amount,
    RatingTraceV1 Trace,
    SubscriptionId? Subscription = null);

/// <summary>What taking back a measure changes. Written by Pricing, read by the Ledger.</summary>
/// <param name="Charge">The charge that the measure had become, by itself or merged with others.</param>
[WireName("billing.pricing.cancel-rated.v1")]
public sealed record CancelRatedV1(
    TenantId Tenant,
    EventId Event,
    int Revision,
    MeterId Meter,
    ChargeId Charge,
    BillingPeriod Period,
    DateTimeOffset UsedAt,
    Quantity Quantity,
    Amount Amount,
    RatingTraceV1 Trace,
    SubscriptionId? Subscription = null);

/// <summary>
/// One charge for all uses of a meter within a window, which the tenant asked to have merged. Written by
/// Pricing, read by the Ledger.
/// </summary>
/// <param name="Facts">The ratings behind it, in the order taken.</param>
[WireName("billing.pricing.merged-rated.v1")]
public sealed record MergedRatedV1(
    TenantId Tenant,
    MeterId Meter,
    BillingPeriod Window,
    IReadOnlyList<FactId> Facts,
    BillingPeriod Period,
    Quantity Quantity,
    Amount Amount,
    RatingTraceV1 Trace,
    SubscriptionId? Subscription = null);

/// <summary>
/// A change of plan, price or overage source changed the total of a period. Written by Pricing, read by the
/// Ledger.
/// </summary>
/// <param name="Change">The fact of the catalog that made the difference.</param>
/// <param name="Subscription">None: the change of a price for usage without a subscription.</param>
[WireName("billing.pricing.change-rated.v1")]
public sealed record ChangeRatedV1(
    TenantId Tenant,
    FactId Change,
    MeterId Meter,
    BillingPeriod Period,
    Amount Amount,
    RatingTraceV1 Trace,
    SubscriptionId? Subscription = null);
