using Billing.Contracts.Catalog;
using Billing.Contracts.Values;

namespace Billing.Pricing.Rating;

/// <summary>Units × price. Nothing is rounded.</summary>
public static class PerUnit
{
    public static ExtendedPrice Price(PriceModelV1.PerUnit model, Stretch stretch, Worksheet? sheet)
    {
        var price = stretch.Units * model.Price;
        sheet?.Add("per unit", price, stretch.Units, model.Price);
        return price;
    }
}
