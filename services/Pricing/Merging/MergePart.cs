using Billing.Contracts.Ratings;
using Billing.Contracts.Values;

namespace Billing.Pricing.Merging;

/// <summary>One rating that is told as a part of a merged one.</summary>
/// <param name="Id">It would have had, and is named by.</param>
/// <param name="Rating">Of a use or of its cancel, as it would have been told.</param>
public sealed record MergePart(FactId Id, BillingPeriod Window, object Rating)
{
    public Amount Amount => Rating switch
    {
        UseRatedV1 use => use.Amount,
        CancelRatedV1 cancel => cancel.Amount,
        _ => throw NoPart(),
    };

    public Quantity Quantity => Rating switch
    {
        UseRatedV1 use => use.Quantity,
        CancelRatedV1 cancel => cancel.Quantity,
        _ => throw NoPart(),
    };

    public RatingTraceV1 Trace => Rating switch
    {
        UseRatedV1 use => use.Trace,
        CancelRatedV1 cancel => cancel.Trace,
        _ => throw NoPart(),
    };

    public PartOf Of => Rating switch
    {
        UseRatedV1 use => new(use.Tenant, use.Subscription, use.Meter, use.Period, use.Amount.Currency),
        CancelRatedV1 cancel => new(
            cancel.Tenant, cancel.Subscription, cancel.Meter, cancel.Period, cancel.Amount.Currency),
        _ => throw NoPart(),
    };

    private InvalidOperationException NoPart() => new($"{Rating.GetType().Name} is never merged.");
}

/// <summary>What the parts of one charge have in common.</summary>
public sealed record PartOf(
    TenantId Tenant, SubscriptionId? Subscription, MeterId Meter, BillingPeriod Period, Currency Currency);
