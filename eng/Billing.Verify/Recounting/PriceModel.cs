using System.Numerics;
using System.Text.Json;
using Billing.Verify.Reading;

namespace Billing.Verify.Recounting;

/// <summary>What units cost, by the definition of each price model, in 10^-21 of the currency.</summary>
internal abstract record PriceModel
{
    public static PriceModel Of(JsonElement model) => model.Text("model") switch
    {
        "per-unit" => new PerUnit(model.Price("price").Count),
        "fixed" => new Once(model.Price("amount").Count),
        "graduated" => new Graduated(ReadTiers(model)),
        "volume" => new Volume(ReadTiers(model)),
        "package" => new Package(model.Quantity("size"), model.Price("price").Count),
        "percentage" => new Percentage(
            model.Price("rate").Count, model.FindPrice("minimum")?.Count, model.FindPrice("maximum")?.Count),
        var other => throw new NotSupportedException($"There is a price model '{other}', which nothing here knows."),
    };

    /// <summary>What the first billionths of a period cost, of <paramref name="end"/> in all.</summary>
    public abstract BigInteger UpTo(BigInteger position, BigInteger end);

    private static IReadOnlyList<(BigInteger From, BigInteger Price)> ReadTiers(JsonElement model) =>
        [.. model.GetProperty("tiers").EnumerateArray()
            .Select(tier => (tier.Quantity("from"), tier.Price("price").Count))];

    public sealed record PerUnit(BigInteger Price) : PriceModel
    {
        public override BigInteger UpTo(BigInteger position, BigInteger end) => position * Price;
    }

    public sealed record Once(BigInteger Amount) : PriceModel
    {
        public override BigInteger UpTo(BigInteger position, BigInteger end) =>
            position > 0 ? Amount * Exact.Billion : 0;
    }

    /// <summary>Each unit at the price of the tier it lies in.</summary>
    public sealed record Graduated(IReadOnlyList<(BigInteger From, BigInteger Price)> Tiers) : PriceModel
    {
        public override BigInteger UpTo(BigInteger position, BigInteger end)
        {
            BigInteger sum = 0;
            for (var index = 0; index < Tiers.Count; index++)
            {
                var until = index + 1 < Tiers.Count ? BigInteger.Min(position, Tiers[index + 1].From) : position;
                sum += BigInteger.Max(0, until - Tiers[index].From) * Tiers[index].Price;
            }

            return sum;
        }
    }

    /// <summary>All units at the price of the tier that the last one lies in.</summary>
    public sealed record Volume(IReadOnlyList<(BigInteger From, BigInteger Price)> Tiers) : PriceModel
    {
        public override BigInteger UpTo(BigInteger position, BigInteger end)
        {
            var price = Tiers[0].Price;
            foreach (var tier in Tiers)
                if (tier.From < end) price = tier.Price;

            return position * price;
        }
    }

    /// <summary>A begun package counts.</summary>
    public sealed record Package(BigInteger Size, BigInteger Price) : PriceModel
    {
        public override BigInteger UpTo(BigInteger position, BigInteger end) =>
            (position + Size - 1) / Size * Price * Exact.Billion;
    }

    /// <summary>Of each event by itself; an allowance takes the same share off all.</summary>
    public sealed record Percentage(BigInteger Rate, BigInteger? Minimum, BigInteger? Maximum) : PriceModel
    {
        public override BigInteger UpTo(BigInteger position, BigInteger end) =>
            throw new InvalidOperationException("A percentage is of events, not of units.");

        /// <summary>In 10^-12.</summary>
        public BigInteger Fee(BigInteger quantity)
        {
            if (quantity.Sign < 0) return -Fee(-quantity);
            if (quantity.IsZero) return 0;

            var fee = Exact.HalfEven(quantity * Rate, Exact.Billion);
            if (Minimum is { } least) fee = BigInteger.Max(fee, least);
            return Maximum is { } most ? BigInteger.Min(fee, most) : fee;
        }
    }
}
