using Billing.Contracts.Values;

namespace Billing.Contracts.Ratings;

/// <summary>The base fee of a period, in advance. Written by Pricing, read by the Ledger.</summary>
[WireName("billing.pricing.fee-rated.v1")]
public sealed record FeeRatedV1(
    TenantId Tenant,
    SubscriptionId Subscription,
    PlanId Plan,
    BillingPeriod Period,
    Amount Amount,
    RatingTraceV1 Trace);

/// <summary>The part of a base fee that a change in mid-period adds or gives back, by days.</summary>
/// <param name="Covered">The days that the change is about.</param>
[WireName("billing.pricing.proration-rated.v1")]
public sealed record ProrationRatedV1(
    TenantId Tenant,
    SubscriptionId Subscription,
    PlanId Plan,
    BillingPeriod Period,
    BillingPeriod Covered,
    Amount Amount,
    RatingTraceV1 Trace);

/// <summary>
/// What is missing to the minimum commitment of a period. Written by Pricing, read by the Ledger.
/// </summary>
[WireName("billing.pricing.true-up-rated.v1")]
public sealed record TrueUpRatedV1(
    TenantId Tenant,
    SubscriptionId Subscription,
    BillingPeriod Period,
    Amount Amount,
    RatingTraceV1 Trace);

/// <summary>
/// Pricing has taken all usage of a period, or the deadline has passed: the answer to
/// <see cref="Invoices.CloseAskedV1"/>, behind the last rating it speaks of. Read by the Ledger.
/// </summary>
/// <param name="TakenUpTo">Every raw partition was read up to this moment.</param>
/// <param name="Parked">Facts of the period that wait for a person.</param>
/// <param name="Unpriced">Facts of the period that wait for a price.</param>
/// <param name="Shortfall">At a deadline: what had not been read by then.</param>
[WireName("billing.pricing.period-answered.v1")]
public sealed record PeriodAnsweredV1(
    TenantId Tenant,
    Currency Currency,
    BillingPeriod Period,
    int CloseNumber,
    DateTimeOffset TakenUpTo,
    long Parked,
    long Unpriced,
    SubscriptionId? Subscription = null,
    string? Shortfall = null);
