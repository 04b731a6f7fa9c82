namespace Billing.Pricing.Rating;

/// <summary>
/// Takes a use out of its period again, as if it had never been there. An amendment is this and, right after
/// it, the use of the next revision.
/// </summary>
public static class RateCancel
{
    /// <param name="use">The use as it was taken.</param>
    /// <param name="others">All other uses of the period that were taken. Asked for only where the kept heads
    /// of a meter of highest or latest are used up.</param>
    public static Rated Decide(Use use, Terms terms, Tally tally, IEnumerable<Use> others, PeriodTotal total)
    {
        RateTerms.ShouldBeOf(terms, tally);

        var index = terms.SegmentAt(use.UsedAt);
        if (index < 0) return new(RatedAs.Refused, tally, tally.Total, default);

        var segment = terms.Segments[index];
        var isPriced = segment.TryPrice(use.Dimensions, out var match);
        return Take(use, terms, tally, others, total, index, isPriced ? match.Line : null) is { } left
            ? new(
                segment.IsSource(use.Scope) ? RatedAs.Charged : RatedAs.Informational, left, tally.Total,
                match)
            : new(RatedAs.TooLarge, tally, tally.Total, match);
    }

    // Null: without the use, which may be below zero, it is beyond what can be reckoned with.
    private static Tally? Take(
        Use use, Terms terms, Tally tally, IEnumerable<Use> others, PeriodTotal total, int segment,
        string? line)
    {
        try
        {
            var left = tally with
            {
                Taken = tally.Taken - 1,
                Cells = Cells.With(tally.Cells, terms, segment, line, use, -1),
            };
            if (left.Cells.Any(IsExhausted)) left = RateTerms.Recount(terms, left, others);

            return left with { Total = total.Of(terms, left.Cells, left.IsAnswered) };
        }
        catch (OverflowException)
        {
            return null;
        }
    }

    private static bool IsExhausted(Cell cell) => cell.Reading switch
    {
        Reading.Peaks peaks => peaks.Highest.IsExhausted,
        Reading.Latest latest => latest.Last.IsExhausted,
        _ => false,
    };
}
