using Billing.Contracts.Catalog;
using Billing.Contracts.Values;

namespace Billing.Pricing.Rating;

/// <summary>Whole packages at a price; a begun one counts.</summary>
public static class Package
{
    /// <exception cref="OverflowException">More packages than a price may be multiplied by.</exception>
    public static ExtendedPrice Price(PriceModelV1.Package model, Stretch stretch, Worksheet? sheet)
    {
        var packages = Begun(stretch.To, model.Size) - Begun(stretch.From, model.Size);
        var price = ExtendedPrice.Of(
            Amount.FromTrillionths(checked(packages * model.Price.Trillionths), model.Price.Currency));
        sheet?.Add("packages", price, Quantity.FromBillionths(checked(packages * Quantity.One.Billionths)));
        return price;
    }

    // Positions are never below zero.
    private static Int128 Begun(Quantity position, Quantity size)
    {
        var (whole, rest) = Int128.DivRem(position.Billionths, size.Billionths);
        return rest == 0 ? whole : whole + 1;
    }
}
