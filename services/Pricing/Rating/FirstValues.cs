using System.Collections.Immutable;
using Billing.Contracts.Usage;

namespace Billing.Pricing.Rating;

/// <summary>
/// A value that comes in several segments of a period counts in the earliest that is charged. Each cell knows
/// how many values count in it, kept up to date for the one value that came or went.
/// </summary>
internal static class FirstValues
{
    // Segments are few, and a look into one is a hash, not a walk.
    public static ImmutableArray<Cell> Settle(
        ImmutableArray<Cell> cells, Terms terms, string line, string value)
    {
        var isFound = false;
        for (var place = 0; place < cells.Length; place++)
        {
            var cell = cells[place];
            if (cell.Line != line || cell.Reading is not Reading.Values values) continue;
            if (!terms.Segments[cell.Segment].Charges(UsageScope.Whole)) continue;
            if (!values.Uses.TryGetValue(value, out var seen)) continue;

            if (seen.IsFirst == isFound) cells = cells.SetItem(place, Flip(cell, values, value, seen));
            isFound = true;
        }

        return cells;
    }

    /// <summary>All values anew, for terms that charge other segments.</summary>
    public static ImmutableArray<Cell> SettleAll(ImmutableArray<Cell> cells, Terms terms)
    {
        var seen = new HashSet<(string, string)>();
        return [.. cells.Select(cell =>
        {
            if (cell is not { Line: { } line, Reading: Reading.Values values }) return cell;
            if (!terms.Segments[cell.Segment].Charges(UsageScope.Whole)) return cell;

            return cell with { Reading = values with { First =
                values.Uses.Keys.Count(value => seen.Add((line, value))) } };
        })];
    }

    private static Cell Flip(Cell cell, Reading.Values values, string value, Seen seen) => cell with
    {
        Reading = new Reading.Values(
            values.Uses.SetItem(value, seen with { IsFirst = !seen.IsFirst }),
            values.First + (seen.IsFirst ? -1 : 1)),
    };
}
