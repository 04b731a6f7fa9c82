using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;

namespace Billing.Pricing.Prices;

/// <summary>Whether a price can be reckoned with at all, whatever else the catalog holds.</summary>
public static class PriceChecks
{
    public const int MostTiers = 100;

    /// <param name="meter">Null where it is not known, which others refuse.</param>
    public static IEnumerable<Refusal> Of(PriceRulePublishedV1 rule, MeterSetV1? meter) =>
    [
        .. rule.Model switch
        {
            PriceModelV1.Graduated graduated => Tiers(graduated.Tiers, rule.Currency),
            PriceModelV1.Volume volume => Tiers(volume.Tiers, rule.Currency),
            PriceModelV1.PerUnit perUnit => Price(perUnit.Price, rule.Currency, "price"),
            PriceModelV1.Fixed once => Price(once.Amount, rule.Currency, "amount"),
            PriceModelV1.Package package => Package(package, rule.Currency),
            PriceModelV1.Percentage percentage => Percentage(percentage, rule.Currency, meter),
            _ => [],
        },
        .. rule.MinimumCommitment is { } minimum ? Price(minimum, rule.Currency, "minimumCommitment") : [],
        .. rule.MaximumCap is { } cap ? Price(cap, rule.Currency, "maximumCap") : [],
        .. Bounds(rule.MinimumCommitment, rule.MaximumCap, "minimumCommitment", "maximumCap"),
        .. Dimensions(rule, meter),
    ];

    /// <summary>The same arithmetic, to the last tier.</summary>
    public static bool IsSame(PriceModelV1 left, PriceModelV1 right) => (left, right) switch
    {
        (PriceModelV1.Graduated one, PriceModelV1.Graduated other) => one.Tiers.SequenceEqual(other.Tiers),
        (PriceModelV1.Volume one, PriceModelV1.Volume other) => one.Tiers.SequenceEqual(other.Tiers),
        _ => left == right,
    };

    private static IEnumerable<Refusal> Tiers(IReadOnlyList<TierV1> tiers, Currency currency)
    {
        if (tiers.Count is 0 or > MostTiers)
            yield return new("tiers", "tiers", $"There are 1 to {MostTiers} tiers, not {tiers.Count}.");

        for (var index = 0; index < tiers.Count; index++)
        {
            var from = tiers[index].From;
            if (index == 0 && !from.IsZero)
                yield return new("hole-in-tiers", "tiers[0].from",
                    $"The first tier begins at 0, not at {from}: units below would have no price.");
            if (index > 0 && from <= tiers[index - 1].From)
                yield return new("tiers-overlap", $"tiers[{index}].from",
                    $"Tier {index + 1} begins at {from}, which is not above {tiers[index - 1].From}, "
                    + "where the tier "
                    + "before begins.");

            foreach (var refusal in Price(tiers[index].Price, currency, $"tiers[{index}].price"))
                yield return refusal;
        }
    }

    private static IEnumerable<Refusal> Package(PriceModelV1.Package package, Currency currency)
    {
        if (package.Size <= Quantity.Zero)
            yield return new(
                "package-size", "size", $"A package holds more than nothing, not {package.Size}.");

        foreach (var refusal in Price(package.Price, currency, "price")) yield return refusal;
    }

    private static IEnumerable<Refusal> Percentage(
        PriceModelV1.Percentage percentage, Currency currency, MeterSetV1? meter) =>
    [
        .. Price(percentage.Rate, currency, "rate"),
        .. percentage.Minimum is { } minimum ? Price(minimum, currency, "minimum") : [],
        .. percentage.Maximum is { } maximum ? Price(maximum, currency, "maximum") : [],
        .. Bounds(percentage.Minimum, percentage.Maximum, "minimum", "maximum"),
        .. meter is { Aggregation: not Aggregation.Sum }
            ? [new Refusal("percentage-of-what", "model",
                $"A percentage is taken of each event's money, so the meter sums; {meter.Meter} does not.")]
            : Array.Empty<Refusal>(),
    ];

    private static IEnumerable<Refusal> Bounds(
        Amount? least, Amount? most, string leastField, string mostField)
    {
        // Two currencies have been refused one by one.
        if (least is { } low && most is { } high && low.Currency == high.Currency && high < low)
            yield return new(
                "most-below-least", mostField, $"{high} is below {low}, which {leastField} asks for.");
    }

    private static IEnumerable<Refusal> Dimensions(PriceRulePublishedV1 rule, MeterSetV1? meter)
    {
        if (rule.Where is not { All.Count: > 0 } where || meter is null) yield break;

        foreach (var name in where.All.Keys.Except(meter.Dimensions))
            yield return new(
                "unknown-dimension", $"where.{name}", $"Meter {meter.Meter} has no dimension {name}.");
        if (meter.Aggregation == Aggregation.WeightedSum)
            yield return new("dimensions-of-a-level", "where",
                $"{meter.Meter} weighs a level by time, and a level has one price for all dimensions.");
    }

    private static IEnumerable<Refusal> Price(UnitPrice price, Currency currency, string field) =>
        Price(price.Trillionths, price.Currency, price.ToString(), currency, field);

    private static IEnumerable<Refusal> Price(Amount amount, Currency currency, string field) =>
        Price(amount.Trillionths, amount.Currency, amount.ToString(), currency, field);

    private static IEnumerable<Refusal> Price(
        Int128 trillionths, Currency priced, string spelled, Currency currency, string field)
    {
        if (priced != currency)
            yield return new("currency-mismatch", field, $"{spelled} is in a rule in {currency}.");
        if (trillionths < 0) yield return new("price-below-zero", field, $"{spelled} is below zero.");
    }
}
