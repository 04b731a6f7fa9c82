using System.Numerics;
using Billing.Contracts.Values;
using FsCheck;
using FsCheck.Fluent;

namespace Billing.Contracts.Tests.Values;

/// <summary>Values of all sizes: small ones, ones near a tie, and ones at the end of the range.</summary>
public static class Generators
{
    public static readonly Int128 Largest = Int128.Parse("99999999999999999999999999999999999999");

    public static Gen<Int128> Counts { get; } = Gen.OneOf(
        Gen.Choose(-1_000, 1_000).Select(number => (Int128)number),
        Gen.Choose(-2_000_000, 2_000_000).Select(number => (Int128)number * 500_000_000),
        Gen.Choose(int.MinValue, int.MaxValue).Zip(Gen.Choose(0, int.MaxValue), (high, low) =>
            (Int128)high * int.MaxValue + low),
        Gen.Choose(0, 36).Zip(Gen.Choose(-99, 99), (zeros, lead) => lead * Power(zeros)),
        Gen.Choose(0, 9).Select(below => Largest - below),
        Gen.Choose(0, 9).Select(above => above - Largest));

    public static Gen<Currency> Currencies { get; } = Gen.OneOf(
        Gen.Elements(Currency.Of("USD"), Currency.Of("XOF"), Currency.Of("KWD"), Currency.Of("EUR")),
        Gen.Elements(Currency.All.ToArray()));

    public static Arbitrary<Currency> ForCurrency() => Currencies.ToArbitrary();

    public static Arbitrary<Amount> ForAmount() =>
        Counts.Zip(Currencies, Amount.FromTrillionths).ToArbitrary();

    public static Arbitrary<Money> ForMoney() => Gen.OneOf(
            Gen.Choose(-100_000, 100_000).Select(number => (long)number),
            Gen.Elements(long.MaxValue, long.MinValue, long.MaxValue - 1, long.MinValue + 1),
            Gen.Choose(int.MinValue, int.MaxValue).Select(number => number * 4_294_967_291L))
        .Zip(Currencies, (units, currency) => new Money(units, currency)).ToArbitrary();

    public static Arbitrary<Quantity> ForQuantity() => Counts.Select(Quantity.FromBillionths).ToArbitrary();

    public static Arbitrary<UnitPrice> ForUnitPrice() => Gen.Choose(int.MinValue, int.MaxValue)
        .Zip(Gen.Choose(0, 12), (number, scale) => new decimal(number) / (decimal)Power(scale))
        .Zip(Currencies, UnitPrice.From).ToArbitrary();

    public static Int128 Power(int exponent) => (Int128)BigInteger.Pow(10, exponent);
}
