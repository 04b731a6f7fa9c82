namespace Billing.Pricing.Rating;

/// <summary>
/// The terms of a period changed: plan, price, allowance, trial or overage source. The rating is T by the new
/// terms minus T by the old ones, over the same uses.
/// </summary>
public static class RateTerms
{
    /// <param name="uses">All uses of the period that were taken. Asked for only where the terms
    /// differ.</param>
    public static Rated Decide(Terms terms, Tally tally, IEnumerable<Use> uses, PeriodTotal total)
    {
        if (terms.Id == tally.Terms) return new(RatedAs.Charged, tally, tally.Total, default);

        try
        {
            var laidOut = Recount(terms, tally, uses);
            var newTotal = total.Of(terms, laidOut.Cells, laidOut.IsAnswered);
            return new(RatedAs.Charged, laidOut with { Total = newTotal }, tally.Total, default);
        }
        catch (OverflowException)
        {
            return new(RatedAs.TooLarge, tally, tally.Total, default);
        }
    }

    /// <summary>Lays all uses out anew. The total is the old one until it is worked out.</summary>
    /// <exception cref="InvalidOperationException">A use lies where no terms are in force: it belongs to
    /// another subscription, or to none.</exception>
    internal static Tally Recount(Terms terms, Tally tally, IEnumerable<Use> uses)
    {
        var laidOut = tally with { Terms = terms.Id, Taken = 0, Cells = [] };
        foreach (var use in uses)
        {
            var segment = terms.SegmentAt(use.UsedAt);
            if (segment < 0) throw new InvalidOperationException($"No terms are in force at {use.UsedAt:u}.");

            var line = terms.Segments[segment].TryPrice(use.Dimensions, out var match) ? match.Line : null;
            laidOut = laidOut with
            {
                Taken = laidOut.Taken + 1,
                Cells = Cells.With(laidOut.Cells, terms, segment, line, use, 1),
            };
        }

        return laidOut;
    }

    internal static void ShouldBeOf(Terms terms, Tally tally)
    {
        if (terms.Id != tally.Terms)
            throw new InvalidOperationException("The tally was made by other terms: rate the change first.");
    }
}
