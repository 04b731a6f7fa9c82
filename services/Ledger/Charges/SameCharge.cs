using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger.Charges;

/// <summary>Whether a rating that comes again says what it said before.</summary>
public static class SameCharge
{
    /// <param name="recorded">What is recorded under the id of the rating.</param>
    public static bool Is(Rating rating, LedgerEvent recorded) => recorded switch
    {
        ChargePosted posted => rating.Cancels is null
            && (posted.Tenant, posted.Kind, posted.Amount, posted.Meter, posted.Quantity)
                == (rating.Tenant, rating.Kind, rating.Amount, rating.Meter, rating.Quantity)
            && posted.Served() == rating.Serves && posted.Usage == rating.Usage
            && posted.Booking.Subscription == rating.Subscription,
        ChargeTakenBack back => rating.Cancels == back.Of.Charge
            && (back.Tenant, back.Amount, back.Units) == (rating.Tenant, rating.Amount, rating.Quantity),
        _ => false,
    };
}

/// <summary>The ids that events of one fact of Pricing can have.</summary>
internal static class RecordedIds
{
    public static Guid[] Of(FactId fact) =>
    [
        fact.Value, EventIds.Of(fact, EventNames.PeriodClosed), EventIds.Of(fact, EventNames.ChargeRefused),
        EventIds.Of(fact, EventNames.AskRefused),
    ];
}
