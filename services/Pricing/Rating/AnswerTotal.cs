namespace Billing.Pricing.Rating;

/// <summary>
/// From the answer to a period's closing on, what is missing to minimums is part of T. The rating of that is
/// the part of one meter in the period's true-up; later uses bring their own difference of it.
/// </summary>
public static class AnswerTotal
{
    public static Rated Decide(Terms terms, Tally tally, PeriodTotal total)
    {
        RateTerms.ShouldBeOf(terms, tally);
        if (tally.IsAnswered) return new(RatedAs.Charged, tally, tally.Total, default);

        var answered = tally with
        {
            IsAnswered = true,
            Total =
            total.Of(terms, tally.Cells, isAnswered: true)
        };
        return new(RatedAs.Charged, answered, tally.Total, default);
    }
}
