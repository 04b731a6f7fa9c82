using System.Collections.Immutable;
using Billing.Contracts.Catalog;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;

namespace Billing.Pricing.Rating;

/// <summary>Puts one use into its cell, or takes it out as if it had never been there.</summary>
internal static class Cells
{
    /// <param name="line">Null: no price is in force for it.</param>
    /// <param name="sign">1: in, −1: out.</param>
    /// <exception cref="OverflowException">A sum is beyond what can be reckoned with.</exception>
    public static ImmutableArray<Cell> With(
        ImmutableArray<Cell> cells, Terms terms, int segment, string? line, Use use, int sign)
    {
        var place = 0;
        while (place < cells.Length && cells[place].CompareTo(segment, line, use.Scope) < 0) place++;

        var isThere = place < cells.Length && cells[place].CompareTo(segment, line, use.Scope) == 0;
        var before = isThere ? cells[place] : new(segment, use.Scope, 0, Quantity.Zero, line);
        var after = before with
        {
            Uses = before.Uses + sign,
            Sum = sign > 0 ? before.Sum + use.Quantity : before.Sum - use.Quantity,
            Reading = Read(before, terms, use, sign),
        };

        // An empty cell goes, so that taking a use out leaves what was there before it.
        var changed = (after.Uses == 0, isThere) switch
        {
            (true, _) => cells.RemoveAt(place),
            (_, true) => cells.SetItem(place, after),
            _ => cells.Insert(place, after),
        };
        return terms.Aggregation == Aggregation.Unique && use.Scope == UsageScope.Whole && line is not null
            ? FirstValues.Settle(changed, terms, line, use.Distinct!)
            : changed;
    }

    private static Reading? Read(Cell cell, Terms terms, Use use, int sign)
    {
        if (cell.Line is null) return null;

        var segment = terms.Segments[cell.Segment];
        if (!segment.IsTrial && segment.TryLine(cell.Line, out var price)
            && price.Rule.Model is PriceModelV1.Percentage percentage)
            return Fees(cell, percentage, use, sign);
        if (cell.Scope == UsageScope.OverLimit) return null; // reports are added up, whatever the meter does

        return terms.Aggregation switch
        {
            Aggregation.Max => Peaks(
                (cell.Reading as Reading.Peaks)?.Highest ?? Heads<Quantity>.None, use, sign),
            Aggregation.Latest => Latest(
                (cell.Reading as Reading.Latest)?.Last ?? Heads<Moment>.None, use, sign),
            Aggregation.Unique => Values((Reading.Values?)cell.Reading, use, sign),
            Aggregation.WeightedSum => Weighted((Reading.Weighted?)cell.Reading, segment, use, sign),
            _ => null,
        };
    }

    private static Reading.Fees Fees(Cell cell, PriceModelV1.Percentage percentage, Use use, int sign)
    {
        var fee = Percentage.Fee(percentage, use.Quantity);
        var sum = (cell.Reading as Reading.Fees)?.Sum ?? Amount.Zero(fee.Currency);
        return new(sign > 0 ? sum + fee : sum - fee);
    }

    private static Reading.Peaks Peaks(Heads<Quantity> heads, Use use, int sign) =>
        new(sign > 0 ? heads.Add(use.Quantity) : heads.Remove(use.Quantity));

    private static Reading.Latest Latest(Heads<Moment> heads, Use use, int sign) =>
        new(sign > 0 ? heads.Add(Moment.Of(use)) : heads.Remove(Moment.Of(use)));

    private static Reading.Values Values(Reading.Values? values, Use use, int sign)
    {
        var uses = values?.Uses ?? ImmutableDictionary<string, Seen>.Empty;
        var seen = uses.GetValueOrDefault(use.Distinct!);
        var count = seen.Uses + sign;
        var first = (values?.First ?? 0) - (count == 0 && seen.IsFirst ? 1 : 0);
        return new(
            count == 0 ? uses.Remove(use.Distinct!) : uses.SetItem(use.Distinct!, seen with { Uses = count }),
            first);
    }

    private static Reading.Weighted Weighted(Reading.Weighted? weighted, Segment segment, Use use, int sign)
    {
        var weight = checked(use.Quantity.Billionths * (segment.Until - use.UsedAt).Ticks);
        return new(checked((weighted?.BillionthTicks ?? 0) + sign * weight));
    }
}
