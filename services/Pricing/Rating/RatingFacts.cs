using Billing.Contracts.Ratings;
using Billing.Contracts.Values;

namespace Billing.Pricing.Rating;

/// <summary>Ratings as others see them.</summary>
public static class RatingFacts
{
    public static (FactId Id, UseRatedV1 Fact) Used(Use use, Terms terms, Rated rated, Worksheet sheet) =>
        (RatingIds.Use(use.Event, use.Revision, terms.Meter), new(
            terms.Tenant, use.Event, use.Revision, terms.Meter, terms.Period, use.UsedAt, use.Quantity,
            rated.Amount, rated.Trace(sheet), terms.Subscription));

    /// <summary>Its quantity is what is taken back, so with the sign turned.</summary>
    public static (FactId Id, CancelRatedV1 Fact) Canceled(
        Use use, Terms terms, Rated rated, Worksheet sheet) =>
        (RatingIds.Cancel(use.Event, use.Revision, terms.Meter), new(
            terms.Tenant, use.Event, use.Revision, terms.Meter,
            new(RatingIds.Use(use.Event, use.Revision, terms.Meter).Value), terms.Period, use.UsedAt,
            -use.Quantity, rated.Amount, rated.Trace(sheet), terms.Subscription));

    /// <param name="change">The fact of the catalog that made the difference.</param>
    public static (FactId Id, ChangeRatedV1 Fact) Changed(
        FactId change, Terms terms, Rated rated, Worksheet sheet) =>
        (terms.Subscription is { } subscription
            ? RatingIds.Change(change, subscription, terms.Meter, terms.Period)
            : RatingIds.Change(change, terms.Tenant, terms.Meter, terms.Period),
        new(terms.Tenant, change, terms.Meter, terms.Period, rated.Amount, rated.Trace(sheet),
            terms.Subscription));
}
