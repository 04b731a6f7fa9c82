using System.Numerics;
using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using FsCheck;
using FsCheck.Fluent;

namespace Billing.Pricing.Tests.Rating;

/// <summary>A model in one currency of any exponent.</summary>
public sealed record PricedModel(PriceModelV1 Model, Currency Currency);

/// <summary>Prices of all models and currencies, and quantities that meet their edges.</summary>
public static class Generators
{
    public static Gen<Currency> Currencies { get; } =
        Gen.Elements(new[] { "USD", "EUR", "XOF", "JPY", "KWD", "ISK" }.Select(Currency.Of).ToArray());

    /// <summary>Whole ones, ones around a tier's edge, and some with all nine decimals.</summary>
    public static Gen<Quantity> Quantities { get; } = Gen.OneOf(
        Gen.Choose(0, 5_000).Select(units => Quantity.From(units)),
        Gen.Choose(0, 50).Zip(Gen.Choose(-1, 1), (hundreds, off) => Quantity.From(Math.Max(0, hundreds * 100 + off))),
        Gen.Choose(0, 50).Zip(Gen.Choose(-1, 1), (hundreds, off) =>
            Quantity.FromBillionths(Int128.Max(0, hundreds * 100 * Quantity.One.Billionths + off))),
        Gen.Choose(0, int.MaxValue).Zip(Gen.Choose(0, 1_000), (small, units) =>
            Quantity.FromBillionths((Int128)units * 1_000_000_007 + small)));

    public static Arbitrary<Quantity> ForQuantity() => Quantities.ToArbitrary();

    public static Arbitrary<PricedModel> ForModel() =>
        Currencies.SelectMany(currency => Models(currency).Select(model => new PricedModel(model, currency))).ToArbitrary();

    public static Gen<PriceModelV1> Models(Currency currency) => Gen.OneOf(
        Prices(currency).Select(price => (PriceModelV1)new PriceModelV1.PerUnit(price)),
        Amounts(currency).Select(amount => (PriceModelV1)new PriceModelV1.Fixed(amount)),
        Tiers(currency).Select(tiers => (PriceModelV1)new PriceModelV1.Graduated(tiers)),
        Tiers(currency).Select(tiers => (PriceModelV1)new PriceModelV1.Volume(tiers)),
        Sizes.Zip(Amounts(currency), (size, price) => (PriceModelV1)new PriceModelV1.Package(size, price)));

    public static Gen<PriceModelV1.Percentage> Percentages(Currency currency) =>
        from rate in Gen.Choose(0, 500)
        from least in Gen.Choose(0, 300)
        from more in Gen.Choose(0, 3_000)
        from bounds in Gen.Choose(0, 3)
        select new PriceModelV1.Percentage(
            UnitPrice.From(rate / 10_000m, currency),
            (bounds & 1) > 0 ? Amount.From(least / 1_000m, currency) : null,
            (bounds & 2) > 0 ? Amount.From((least + more) / 1_000m, currency) : null);

    public static Gen<Amount> Amounts(Currency currency) =>
        Gen.Choose(0, 1_000_000).Zip(Gen.Choose(0, 12), (number, scale) =>
            Amount.FromTrillionths(number * (Int128)BigInteger.Pow(10, 12 - scale), currency));

    private static Gen<Quantity> Sizes { get; } = Gen.OneOf(
        Gen.Elements(1, 10, 100, 1_000).Select(units => Quantity.From(units)),
        Gen.Choose(1, int.MaxValue).Select(billionths => Quantity.FromBillionths(billionths)));

    private static Gen<UnitPrice> Prices(Currency currency) =>
        Gen.Choose(0, 1_000_000).Zip(Gen.Choose(0, 12), (number, scale) =>
            UnitPrice.From(number / (decimal)BigInteger.Pow(10, scale), currency))
        .Where(price => price.Trillionths >= 0);

    private static Gen<IReadOnlyList<TierV1>> Tiers(Currency currency) =>
        from count in Gen.Choose(1, 6)
        from widths in Gen.Choose(1, 12).ArrayOf(count)
        from prices in Prices(currency).ArrayOf(count)
        select (IReadOnlyList<TierV1>)[.. prices.Select((price, index) =>
            new TierV1(Quantity.From(100 * widths.Take(index).Sum()), price))];
}
