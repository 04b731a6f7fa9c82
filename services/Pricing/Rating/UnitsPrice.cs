using System.Diagnostics;
using Billing.Contracts.Catalog;
using Billing.Contracts.Values;

namespace Billing.Pricing.Rating;

/// <summary>What units cost under a price model that looks at units only, not at single events.</summary>
public static class UnitsPrice
{
    /// <exception cref="OverflowException">Beyond 1.7 × 10^17 of the currency: refused, never
    /// approximated.</exception>
    public static ExtendedPrice Of(PriceModelV1 model, Stretch stretch, Worksheet? sheet) => model switch
    {
        PriceModelV1.PerUnit perUnit => PerUnit.Price(perUnit, stretch, sheet),
        PriceModelV1.Graduated graduated => Graduated.Price(graduated, stretch, sheet),
        PriceModelV1.Volume volume => Volume.Price(volume, stretch, sheet),
        PriceModelV1.Package package => Package.Price(package, stretch, sheet),
        PriceModelV1.Fixed once => Fixed.Price(once, stretch, sheet),
        _ => throw new UnreachableException($"{model.GetType().Name} is not priced by units."),
    };

    /// <summary>What one quantity costs by itself, as the only one of its period.</summary>
    /// <exception cref="OverflowException">Beyond 1.7 × 10^17 of the currency.</exception>
    public static Amount Alone(PriceRulePublishedV1 rule, Quantity quantity, Worksheet? sheet)
    {
        var units = Quantity.Max(quantity, Quantity.Zero);
        var none = ExtendedPrice.Zero(rule.Currency);
        var price = rule.Model is PriceModelV1.Percentage percentage
            ? Percentage.Price(Percentage.Fee(percentage, units), units, units, sheet)
            : Of(rule.Model, Stretch.Of(units), sheet);
        return MaximumCap.Charged(rule.MaximumCap, none, price, sheet).ToAmount();
    }
}
