using Billing.Contracts.Values;

namespace Billing.Pricing.Rating;

/// <summary>
/// Units on the line of a period: the first billable unit lies between 0 and 1, the thousandth between 999
/// and 1000. Price models work on such a line, so that the position in the tiers is carried through the
/// period, and so that a period cut in two under the same price costs what it costs in one.
/// </summary>
/// <param name="From">Where the units begin.</param>
/// <param name="To">Where they end; before <paramref name="From"/> where units are given back.</param>
/// <param name="End">Where the units of the whole period end.</param>
public readonly record struct Stretch(Quantity From, Quantity To, Quantity End)
{
    public Quantity Units => To - From;

    /// <summary>All of a period at once. A quantity below zero is none.</summary>
    public static Stretch Of(Quantity units)
    {
        var end = Quantity.Max(units, Quantity.Zero);
        return new(Quantity.Zero, end, end);
    }
}
