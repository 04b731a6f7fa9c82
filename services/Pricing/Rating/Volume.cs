using Billing.Contracts.Catalog;
using Billing.Contracts.Values;

namespace Billing.Pricing.Rating;

/// <summary>
/// All units at the price of the tier that the last unit of the period lies in. Tiers are half-open, so with
/// a tier from 1000 on, the thousandth unit is still in the one before, and 1000.000000001 is in it.
/// </summary>
public static class Volume
{
    public static ExtendedPrice Price(PriceModelV1.Volume model, Stretch stretch, Worksheet? sheet)
    {
        var index = TierOfLastUnit(model.Tiers, stretch.End);
        var each = model.Tiers[index].Price;
        var price = stretch.Units * each;
        sheet?.Add(Worksheet.Tier(index), price, stretch.Units, each);
        return price;
    }

    private static int TierOfLastUnit(IReadOnlyList<TierV1> tiers, Quantity end)
    {
        var index = tiers.Count - 1;
        while (index > 0 && tiers[index].From >= end) index--;
        return index;
    }
}
