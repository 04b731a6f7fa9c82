using System.Collections.Immutable;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;

namespace Billing.Pricing.Rating;

/// <summary>
/// What has been taken of the usage of one meter in one period: the running state by which a rating costs a
/// few operations and not a recount. Plain data, stored as JSON.
/// </summary>
/// <param name="Terms">The id of the terms by which the cells were laid out.</param>
/// <param name="Total">T of all that was taken.</param>
/// <param name="Taken">How many uses.</param>
/// <param name="IsAnswered">The period's closing was answered: from then on minimums are part of the
/// total.</param>
/// <param name="Cells">By segment, line and scope, in this order.</param>
public sealed record Tally(
    Guid Terms, Amount Total, long Taken, bool IsAnswered, ImmutableArray<Cell> Cells)
{
    public static Tally Empty(Terms terms) => new(terms.Id, Amount.Zero(terms.Currency), 0, false, []);

    /// <summary>For the first use of a meter in a period whose closing was answered before.</summary>
    public static Tally EmptyAnswered(Terms terms, PeriodTotal total) =>
        AnswerTotal.Decide(terms, Empty(terms), total).Tally;
}

/// <summary>Uses that share segment, line of prices and scope.</summary>
/// <param name="Line">The line of prices; null: none is in force, so they cost nothing as yet.</param>
/// <param name="Sum">Of their quantities.</param>
/// <param name="Reading">What the sum alone does not tell, where meter or price want more.</param>
public sealed record Cell(
    int Segment, UsageScope Scope, long Uses, Quantity Sum, string? Line = null, Reading? Reading = null)
{
    /// <summary>The order in which cells take what is included.</summary>
    public int CompareTo(int segment, string? line, UsageScope scope)
    {
        if (Segment != segment) return Segment - segment;

        var byLine = string.CompareOrdinal(Line, line);
        return byLine != 0 ? byLine : Scope - scope;
    }
}
