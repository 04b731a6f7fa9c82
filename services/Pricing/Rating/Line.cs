using Billing.Contracts.Catalog;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;

namespace Billing.Pricing.Rating;

/// <summary>
/// Where one line of prices stands while a period is walked through in the order of time. Scratch: used again
/// and again.
/// </summary>
internal sealed class Line
{
    private Quantity owed;
    private Quantity reached;
    private Quantity level;
    private Int128 weight;

    public string Name { get; private set; } = "";

    /// <summary>Where the billable units end.</summary>
    public Quantity Position { get; private set; }

    /// <summary>Units that were taken out of the allowance.</summary>
    public Quantity Free { get; private set; }

    public ExtendedPrice Uncapped { get; set; }

    public ExtendedPrice Charged { get; set; }

    public Line Begin(string name, Currency currency)
    {
        (Name, Position, Free, owed, reached, level, weight) =
            (name, default, default, default, default, default, 0);
        Uncapped = Charged = ExtendedPrice.Zero(currency);
        return this;
    }

    /// <summary>
    /// Moves by what was measured: first what is left of the allowance, then billable. Below zero it goes
    /// back the same way; what cannot be given back is owed by later units.
    /// </summary>
    /// <returns>Units taken out of the allowance; below zero where they went back.</returns>
    public Quantity Move(Quantity measured, Quantity allowance)
    {
        var units = measured + owed;
        owed = Quantity.Zero;
        if (units >= Quantity.Zero)
        {
            var free = Quantity.Min(units, Quantity.Max(allowance, Quantity.Zero));
            Free += free;
            Position += units - free;
            return free;
        }

        var backFromBillable = Quantity.Min(Position, -units);
        var backFromFree = Quantity.Min(Free, -units - backFromBillable);
        Position -= backFromBillable;
        Free -= backFromFree;
        owed = units + backFromBillable + backFromFree;
        return -backFromFree;
    }

    /// <summary>By how much a cell moves what the meter reads over the period up to the cell's end.</summary>
    public Quantity Measure(Cell cell, Terms terms) => (cell.Scope, terms.Aggregation) switch
    {
        (UsageScope.OverLimit, _) => cell.Sum,
        (_, Aggregation.Max) => Reach(Quantity.Max(reached, Highest(cell))),
        (_, Aggregation.Latest) => Reach(((Reading.Latest)cell.Reading!).Last.Kept[0].Quantity),
        (_, Aggregation.Unique) => Quantity.From(((Reading.Values)cell.Reading!).First),
        (_, Aggregation.WeightedSum) => Weigh(cell, terms),
        _ => cell.Sum,
    };

    /// <summary>A level goes on weighing in a segment without any change of it.</summary>
    public Quantity MeasureWithoutUse(Segment segment, Terms terms)
    {
        if (terms.Aggregation != Aggregation.WeightedSum || level.IsZero) return Quantity.Zero;

        weight = checked(weight + level.Billionths * Ticks(segment));
        return Reach(Average(terms));
    }

    private Quantity Weigh(Cell cell, Terms terms)
    {
        var segment = terms.Segments[cell.Segment];
        var own = ((Reading.Weighted)cell.Reading!).BillionthTicks;
        weight = checked(weight + level.Billionths * Ticks(segment) + own);
        level += cell.Sum;
        return Reach(Average(terms));
    }

    // Rounded as a running total, so that parts of the period add up to the whole.
    private Quantity Average(Terms terms) => Quantity.FromBillionths(
        ExactShare.Divide(weight, (terms.Period.EndExclusive - terms.Period.Start).Ticks));

    private Quantity Reach(Quantity now)
    {
        var moved = now - reached;
        reached = now;
        return moved;
    }

    private static Quantity Highest(Cell cell) => ((Reading.Peaks)cell.Reading!).Highest.Kept[0];

    private static long Ticks(Segment segment) => (segment.Until - segment.From).Ticks;
}
