using System.Collections.Immutable;
using Billing.Contracts.Catalog;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;
using Billing.Pricing.Prices;

namespace Billing.Pricing.Rating;

/// <summary>
/// T(S): what the usage of one meter in one period costs. Segments are walked in the order of time; in each,
/// lines of prices in the order of their spelling. What is included is used up on the way, positions in tiers
/// and packages are carried along, and each line is rounded once, at its end, to 12 decimals, half-even. It
/// depends on the set of uses only, never on the order in which they were taken. One instance is used for
/// many periods, by one thread at a time.
/// </summary>
public sealed class PeriodTotal
{
    private readonly PeriodLines lines = new();
    private readonly List<Piece> pieces = [];

    /// <summary>The arithmetic of the last total.</summary>
    public Worksheet Sheet { get; } = new();

    /// <summary>False: nothing is written on the sheet.</summary>
    public bool IsTraced { get; set; } = true;

    /// <exception cref="OverflowException">Beyond 1.7 × 10^17 of the currency, or a quantity of more than 38
    /// digits.</exception>
    public Amount Of(Terms terms, ImmutableArray<Cell> cells, bool isAnswered)
    {
        Sheet.Wipe();
        pieces.Clear();
        lines.Clear();

        Walk(terms, cells);
        foreach (var piece in pieces) Price(terms, piece);
        return Sum(terms) + (isAnswered ? Minimums(terms) : Amount.Zero(terms.Currency));
    }

    /// <summary>Where the lines of the last total ended.</summary>
    public IEnumerable<LineTotal> Lines => lines.Totals();

    /// <summary>
    /// What is missing to the minimums of the last total. Of a period that was not answered: its true-up.
    /// </summary>
    public Amount Minimums(Terms terms)
    {
        var sum = Amount.Zero(terms.Currency);
        foreach (var (name, minimum) in terms.Minimums)
        {
            var missing = MinimumCommitment.Missing(minimum, lines.Charged(name, terms.Currency));
            if (missing.IsZero) continue;

            sum += missing;
            if (IsTraced) Sheet.Add("minimum", ExtendedPrice.Of(missing));
        }

        return sum;
    }

    private void Walk(Terms terms, ImmutableArray<Cell> cells)
    {
        var place = 0;
        var free = Quantity.Zero;
        for (var index = 0; index < terms.Segments.Length; index++)
        {
            var segment = terms.Segments[index];
            var begun = pieces.Count;
            for (; place < cells.Length && cells[place].Segment == index; place++)
            {
                var cell = cells[place];
                if (cell.Line is null || !segment.Charges(cell.Scope)) continue;
                if (!segment.TryLine(cell.Line, out var match)) continue;

                var line = lines.Of(cell.Line, terms.Currency);
                var included = cell.Scope == UsageScope.Whole ? segment.Included - free : Quantity.Zero;
                free += Move(line, line.Measure(cell, terms), included, index, match, cell);
            }

            if (pieces.Count == begun && lines.Count > 0 && segment.Charges(UsageScope.Whole)
                && segment.TryLine(PriceLine.All, out var price))
            {
                var line = lines.Of(PriceLine.All, terms.Currency);
                var measured = line.MeasureWithoutUse(segment, terms);
                if (!measured.IsZero)
                    free += Move(line, measured, segment.Included - free, index, price, null);
            }
        }
    }

    private Quantity Move(
        Line line, Quantity measured, Quantity included, int segment, PriceMatch match, Cell? cell)
    {
        var from = line.Position;
        var free = line.Move(measured, included);
        var fees = (cell?.Reading as Reading.Fees)?.Sum;
        pieces.Add(new(line, segment, match, free, measured, from, line.Position, fees));
        return free;
    }

    private void Price(Terms terms, Piece piece)
    {
        var (line, rule) = (piece.Line, piece.Match.Rule);
        var sheet = IsTraced ? Sheet : null;
        if (pieces.Count > 1) sheet?.Begin(rule, terms.Segments[piece.Segment].From);
        if (!piece.Free.IsZero)
            sheet?.Add(
                terms.Segments[piece.Segment].IncludedWord, ExtendedPrice.Zero(terms.Currency), piece.Free);

        var price = rule.Model is PriceModelV1.Percentage
            ? Percentage.Price(piece.Fees!.Value, piece.Measured, piece.To - piece.From, sheet)
            : UnitsPrice.Of(rule.Model, new(piece.From, piece.To, line.Position), sheet);
        var uncapped = line.Uncapped + price;
        line.Charged += MaximumCap.Charged(rule.MaximumCap, line.Uncapped, uncapped, sheet);
        line.Uncapped = uncapped;
    }

    // What was given back at a higher price than it was taken at never makes a period pay out.
    private Amount Sum(Terms terms)
    {
        var sum = Amount.Zero(terms.Currency);
        var zero = ExtendedPrice.Zero(terms.Currency);
        for (var index = 0; index < lines.Count; index++)
        {
            var line = lines[index];
            if (line.Charged < zero)
            {
                if (IsTraced) Sheet.Add("not below zero", zero - line.Charged);
                line.Charged = zero;
            }

            sum += line.Charged.ToAmount();
        }

        return sum;
    }

    private readonly record struct Piece(
        Line Line,
        int Segment,
        PriceMatch Match,
        Quantity Free,
        Quantity Measured,
        Quantity From,
        Quantity To,
        Amount? Fees);
}
