using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.Pricing.Prices;

namespace Billing.Pricing.Rating;

/// <summary>What taking, taking back or changing something did to a period.</summary>
/// <param name="Tally">After it; as it was where nothing was taken.</param>
/// <param name="Before">The total of meter and period before.</param>
/// <param name="Match">The price of the use, where it is about one that has a price.</param>
public readonly record struct Rated(RatedAs As, Tally Tally, Amount Before, PriceMatch Match)
{
    /// <summary>T(with) − T(before): zero and below zero are possible.</summary>
    public Amount Amount => Tally.Total - Before;

    /// <summary>The trace of the rating, as long as the sheet holds its arithmetic.</summary>
    public RatingTraceV1 Trace(Worksheet sheet) => Match.Rule is { } rule
        ? new(sheet.Steps(), rule.Rule, rule.Version, Match.Level, Before, Tally.Total)
        : new(sheet.Steps(), Before: Before, After: Tally.Total);
}

/// <summary>What becomes of a use.</summary>
public enum RatedAs
{
    /// <summary>It is a rating, of zero as well.</summary>
    Charged,

    /// <summary>It is of the source of overage that is not charged: kept and compared.</summary>
    Informational,

    /// <summary>No price is in force for it: it waits, and nothing was taken.</summary>
    Unpriced,

    /// <summary>No terms are in force at its time, or it lacks what its meter counts: for a person.</summary>
    Refused,

    /// <summary>Beyond what can be reckoned with exactly: for a person.</summary>
    TooLarge,
}
