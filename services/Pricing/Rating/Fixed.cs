using Billing.Contracts.Catalog;
using Billing.Contracts.Values;

namespace Billing.Pricing.Rating;

/// <summary>One amount for a period in which there is anything to charge, however much it is.</summary>
public static class Fixed
{
    public static ExtendedPrice Price(PriceModelV1.Fixed model, Stretch stretch, Worksheet? sheet)
    {
        var once = ExtendedPrice.Of(model.Amount);
        var none = ExtendedPrice.Zero(model.Amount.Currency);
        var price = (stretch.To > Quantity.Zero ? once : none) - (stretch.From > Quantity.Zero ? once : none);
        sheet?.Add("fixed", price, stretch.Units);
        return price;
    }
}
