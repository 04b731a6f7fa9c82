using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger.Charges;

/// <summary>Pricing's messages, read as what the ledger does with them.</summary>
public static class PricingFacts
{
    /// <exception cref="NotSupportedException">Not a message of Pricing's ratings.</exception>
    public static PricingFact Of(FactId id, object message) => message switch
    {
        UseRatedV1 use => Rated(Rating.Of(id, use)),
        CancelRatedV1 cancel => Rated(Rating.Of(id, cancel)),
        MergedRatedV1 merged => Rated(Rating.Of(id, merged)),
        ChangeRatedV1 change => Rated(Rating.Of(id, change)),
        FeeRatedV1 fee => Rated(Rating.Of(id, fee)),
        ProrationRatedV1 proration => Rated(Rating.Of(id, proration)),
        TrueUpRatedV1 missing => Rated(Rating.Of(id, missing)),
        PeriodAnsweredV1 answer => Answered(id, answer),
        _ => throw new NotSupportedException($"{message.GetType().Name} is not posted yet."),
    };

    private static PricingFact.Rated Rated(Rating rating) => new(rating);

    private static PricingFact.Answered Answered(FactId id, PeriodAnsweredV1 answer) => new(id, new(
        answer.Tenant, answer.Currency, new(answer.Period, answer.Subscription), answer.CloseNumber,
        answer.Parked, answer.Unpriced, new(Rating.RatedBy, Cause.Of(id)), answer.Shortfall));
}
