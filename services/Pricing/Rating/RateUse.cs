using Billing.Contracts.Catalog;
using Billing.Contracts.Usage;

namespace Billing.Pricing.Rating;

/// <summary>
/// Takes a use into its period. The caller knows by the event's revision and the meter whether it was taken
/// before (<see cref="UseRecord"/>), and takes each once.
/// </summary>
public static class RateUse
{
    /// <exception cref="InvalidOperationException">The tally was made by other terms, so <see
    /// cref="RateTerms"/> comes first.</exception>
    public static Rated Decide(Use use, Terms terms, Tally tally, PeriodTotal total)
    {
        RateTerms.ShouldBeOf(terms, tally);

        var index = terms.SegmentAt(use.UsedAt);
        if (index < 0 || IsWithoutValue(use, terms)) return new(RatedAs.Refused, tally, tally.Total, default);

        var segment = terms.Segments[index];
        var isPriced = segment.TryPrice(use.Dimensions, out var match);
        if (segment.Charges(use.Scope) && !isPriced)
            return new(RatedAs.Unpriced, tally, tally.Total, default);

        // In a trial usage is charged as well: with nothing.
        return Take(use, terms, tally, total, index, isPriced ? match.Line : null) is { } taken
            ? new(
                segment.IsSource(use.Scope) ? RatedAs.Charged : RatedAs.Informational, taken, tally.Total,
                match)
            : new(RatedAs.TooLarge, tally, tally.Total, match);
    }

    private static bool IsWithoutValue(Use use, Terms terms) =>
        terms.Aggregation == Aggregation.Unique && use is { Scope: UsageScope.Whole, Distinct: null };

    // Null: beyond what can be reckoned with.
    private static Tally? Take(
        Use use, Terms terms, Tally tally, PeriodTotal total, int segment, string? line)
    {
        try
        {
            var cells = Cells.With(tally.Cells, terms, segment, line, use, 1);
            return tally with
            {
                Taken = tally.Taken + 1,
                Cells = cells,
                Total = total.Of(terms, cells, tally.IsAnswered),
            };
        }
        catch (OverflowException)
        {
            return null;
        }
    }
}
