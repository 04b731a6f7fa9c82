using System.Numerics;
using Billing.Contracts.Catalog;

namespace Billing.Pricing.Tests.Rating;

/// <summary>
/// Prices by their definitions, slowly, in whole numbers of 10^-21 of a currency. Shares no code with the product and
/// none of its types but the prices themselves.
/// </summary>
internal static class Oracle
{
    public static readonly BigInteger One = BigInteger.Pow(10, 9); // billionths in a unit
    private static readonly BigInteger Trillionth = BigInteger.Pow(10, 9); // 10^-21 in 10^-12

    /// <summary>What the first <paramref name="position"/> billionths cost, of <paramref name="end"/> in
    /// all.</summary>
    public static BigInteger UpTo(PriceModelV1 model, BigInteger position, BigInteger end) => model switch
    {
        PriceModelV1.PerUnit m => position * (BigInteger)m.Price.Trillionths,
        PriceModelV1.Fixed m => position > 0 ? (BigInteger)m.Amount.Trillionths * Trillionth : 0,
        PriceModelV1.Graduated m => InTiers(m.Tiers, position),
        PriceModelV1.Volume m => position * TierOf(m.Tiers, end),
        PriceModelV1.Package m => (position + (BigInteger)m.Size.Billionths - 1) / (BigInteger)m.Size.Billionths
            * (BigInteger)m.Price.Trillionths * Trillionth,
        _ => throw new ArgumentException(model.ToString()),
    };

    public static BigInteger Fee(PriceModelV1.Percentage model, BigInteger quantity)
    {
        if (quantity == 0) return 0;
        if (quantity < 0) return -Fee(model, -quantity);

        var fee = HalfEven(quantity * (BigInteger)model.Rate.Trillionths, Trillionth);
        if (model.Minimum is { } minimum) fee = BigInteger.Max(fee, (BigInteger)minimum.Trillionths);
        if (model.Maximum is { } maximum) fee = BigInteger.Min(fee, (BigInteger)maximum.Trillionths);
        return fee;
    }

    /// <summary>10^-21 to 10^-12.</summary>
    public static BigInteger ToTrillionths(BigInteger exact) => HalfEven(exact, Trillionth);

    public static BigInteger HalfEven(BigInteger number, BigInteger divisor)
    {
        if (divisor.Sign < 0) (number, divisor) = (-number, -divisor);

        var down = (number - (((number % divisor) + divisor) % divisor)) / divisor; // the floor
        var twice = 2 * (number - down * divisor);
        if (twice < divisor) return down;
        if (twice > divisor) return down + 1;
        return down.IsEven ? down : down + 1;
    }

    // Every unit by itself would take for ever, so every tier by itself.
    private static BigInteger InTiers(IReadOnlyList<TierV1> tiers, BigInteger position)
    {
        BigInteger sum = 0;
        for (var index = 0; index < tiers.Count; index++)
        {
            var from = (BigInteger)tiers[index].From.Billionths;
            var until = index + 1 < tiers.Count ? (BigInteger)tiers[index + 1].From.Billionths : position;
            sum += BigInteger.Max(0, BigInteger.Min(position, until) - from) * (BigInteger)tiers[index].Price.Trillionths;
        }

        return sum;
    }

    private static BigInteger TierOf(IReadOnlyList<TierV1> tiers, BigInteger end) =>
        (BigInteger)(tiers.LastOrDefault(tier => (BigInteger)tier.From.Billionths < end) ?? tiers[0]).Price.Trillionths;
}
