using Billing.Contracts.Catalog;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;
using Billing.Pricing.Rating;

namespace Billing.Pricing.Overage;

/// <summary>
/// How one meter stands in a period, for those who ask. Read from the running state, not counted.
/// </summary>
/// <param name="Used">Within and above the allowance; without trials.</param>
/// <param name="Included">At the end of the period so far: of the plan in force at <paramref
/// name="AsOf"/>.</param>
/// <param name="Remaining">Of what is included.</param>
/// <param name="Over">Units that are charged.</param>
/// <param name="UnitPrice">Where each unit over costs the same; else null.</param>
/// <param name="Cost">Exact; an invoice rounds it.</param>
/// <param name="Sources">Both sources of overage, side by side.</param>
public sealed record UsageView(
    MeterId Meter,
    BillingPeriod Period,
    Quantity Used,
    Quantity Included,
    Quantity Remaining,
    Quantity Over,
    UnitPrice? UnitPrice,
    Amount Cost,
    OverageSources Sources,
    DateTimeOffset AsOf)
{
    public static UsageView Of(Terms terms, Tally tally, PeriodTotal total, DateTimeOffset asOf)
    {
        var cost = total.Of(terms, tally.Cells, tally.IsAnswered);
        var lines = total.Lines.ToList();
        var free = Sum(lines.Select(line => line.Free));
        var over = Sum(lines.Select(line => line.Billable));
        var segment = Now(terms, asOf);
        var included = segment?.Included ?? Quantity.Zero;
        return new(
            terms.Meter, terms.Period, free + over, included,
            Quantity.Max(included - free, Quantity.Zero), over,
            PriceOf(segment), cost, OverageSources.Of(terms, tally, total), asOf);
    }

    /// <summary>The units alone.</summary>
    internal static Quantity UsedOf(Terms terms, Tally tally, PeriodTotal total)
    {
        total.Of(terms, tally.Cells, tally.IsAnswered);
        var used = Quantity.Zero;
        foreach (var line in total.Lines) used += line.Free + line.Billable;
        return used;
    }

    /// <summary>The segment in force, or the last one that was; null where there is none.</summary>
    internal static Segment? Now(Terms terms, DateTimeOffset moment) =>
        terms.Segments.LastOrDefault(segment => segment.From <= moment) ?? terms.Segments.FirstOrDefault();

    private static UnitPrice? PriceOf(Segment? segment) =>
        segment?.Prices is [{ Rule.Model: PriceModelV1.PerUnit perUnit }] ? perUnit.Price : null;

    private static Quantity Sum(IEnumerable<Quantity> quantities) =>
        quantities.Aggregate(Quantity.Zero, (sum, quantity) => sum + quantity);
}

/// <summary>
/// Units over the limit as computed from usage, and as the platform's limiter reported them.
/// </summary>
/// <param name="Charged">Which of the two is charged at the end of the period.</param>
public sealed record OverageSources(Quantity Computed, Quantity Reported, OverageSource Charged)
{
    /// <summary>Both speak and do not say the same.</summary>
    public bool Differ => Computed != Reported && !Reported.IsZero;

    public static OverageSources Of(Terms terms, Tally tally, PeriodTotal total)
    {
        var computed = terms with
        {
            Segments =
                [.. terms.Segments.Select(segment => segment with { Source = OverageSource.Computed })],
        };
        total.Of(computed, FirstValues.SettleAll(tally.Cells, computed), isAnswered: false);
        var over = total.Lines.Aggregate(Quantity.Zero, (sum, line) => sum + line.Billable);
        var reported = tally.Cells.Where(cell => cell.Scope == UsageScope.OverLimit)
            .Where(cell => !terms.Segments[cell.Segment].IsTrial)
            .Aggregate(Quantity.Zero, (sum, cell) => sum + cell.Sum);
        return new(over, reported, terms.Segments.LastOrDefault()?.Source ?? SetOverageSource.Unsaid);
    }
}
