using Billing.Contracts.Catalog;
using Billing.Contracts.Ratings;
using Billing.Contracts.Values;

namespace Billing.Pricing.Rating;

/// <summary>
/// The paper on which the arithmetic of a rating is written down. It is wiped and used again, so that writing
/// costs no memory; one thread at a time.
/// </summary>
public sealed class Worksheet
{
    private static readonly string[] Tiers = [.. Enumerable.Range(1, 64).Select(number => $"tier {number}")];

    private readonly List<Line> lines = [];

    public void Wipe() => lines.Clear();

    /// <summary>A line that adds to the total. Lines add up to it, but for what rounding moves.</summary>
    public void Add(string what, ExtendedPrice price) =>
        lines.Add(new(what, price, default, default, HasUnits: false));

    public void Add(string what, ExtendedPrice price, Quantity units) =>
        lines.Add(new(what, price, units, default, HasUnits: true));

    public void Add(string what, ExtendedPrice price, Quantity units, UnitPrice each) =>
        lines.Add(new(what, price, units, each, HasUnits: true));

    /// <summary>A line that adds an amount which a division rounded to 12 decimals, half-even.</summary>
    public void AddDivided(string what, Amount amount, Quantity units) =>
        lines.Add(new(what, ExtendedPrice.Of(amount), units, default, HasUnits: true, IsDivided: true));

    /// <summary>The head of a part of the period that has prices of its own; adds nothing.</summary>
    public void Begin(PriceRulePublishedV1 rule, DateTimeOffset from) => lines.Add(new(
        "", ExtendedPrice.Zero(rule.Currency), default, default, HasUnits: false, Rule: rule, From: from));

    /// <summary>What is written on it, as messages carry it.</summary>
    public IReadOnlyList<TraceStepV1> Steps() => [.. lines.Select(line => line.ToStep())];

    /// <summary>Tiers are counted from 1 for people.</summary>
    public static string Tier(int index) => index < Tiers.Length ? Tiers[index] : $"tier {index + 1}";

    private readonly record struct Line(
        string What,
        ExtendedPrice Price,
        Quantity Units,
        UnitPrice Each,
        bool HasUnits,
        bool IsDivided = false,
        PriceRulePublishedV1? Rule = null,
        DateTimeOffset From = default)
    {
        // Words are put together here, where somebody wants to read them, and not while rating.
        public TraceStepV1 ToStep() => new(
            Rule is null
                ? What
                : $"{Rule.Rule} version {Rule.Version} from {From.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z",
            Price.ToAmount(),
            HasUnits ? Units : null,
            Each == default ? null : Each,
            IsDivided || !Price.IsExactAmount);
    }
}
