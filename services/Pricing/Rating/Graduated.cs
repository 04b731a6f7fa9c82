using Billing.Contracts.Catalog;
using Billing.Contracts.Values;

namespace Billing.Pricing.Rating;

/// <summary>
/// Each unit at the price of the tier it lies in. Tiers are half-open and the first begins at 0, so a
/// quantity of exactly 1000 fills a tier that ends at 1000 and takes nothing of the next.
/// </summary>
public static class Graduated
{
    public static ExtendedPrice Price(PriceModelV1.Graduated model, Stretch stretch, Worksheet? sheet)
    {
        var (low, high) =
            stretch.From <= stretch.To ? (stretch.From, stretch.To) : (stretch.To, stretch.From);
        var isGivenBack = low != stretch.From;
        var tiers = model.Tiers;
        var sum = ExtendedPrice.Zero(tiers[0].Price.Currency);
        var count = tiers.Count;
        for (var index = 0; index < count; index++)
        {
            var tier = tiers[index];
            if (tier.From >= high) break;

            var end = index + 1 < count ? Quantity.Min(tiers[index + 1].From, high) : high;
            if (end <= low) continue;

            var units = end - Quantity.Max(tier.From, low);
            if (isGivenBack) units = -units;
            var price = units * tier.Price;
            sum += price;
            sheet?.Add(Worksheet.Tier(index), price, units, tier.Price);
        }

        return sum;
    }
}
