using System.Text.Json.Serialization;

namespace Billing.Contracts.Values;

/// <summary>
/// An exact amount with at most 12 decimals, of either sign or zero: ratings, charges, postings
/// (docs/adr/0004). Spelled <c>12.5 USD</c>. The default value has no currency and is refused everywhere.
/// </summary>
[JsonConverter(typeof(TextJson<Amount>))]
public readonly record struct Amount : IText<Amount>
{
    public const int Decimals = 12;

    private Amount(Int128 trillionths, Currency currency)
    {
        Trillionths = FixedPoint.Checked(trillionths);
        Currency = currency.Given();
    }

    public static int LongestText => FixedPoint.LongestText + 4;

    /// <summary>The amount in units of 10^-12; at most 38 digits, as numeric(38,12) holds.</summary>
    public Int128 Trillionths { get; }

    public Currency Currency { get; }

    public bool IsZero => Trillionths == 0;

    public static Amount Zero(Currency currency) => new(0, currency);

    /// <exception cref="OverflowException">More than 38 digits.</exception>
    public static Amount FromTrillionths(Int128 trillionths, Currency currency) => new(trillionths, currency);

    /// <exception cref="OverflowException">More than 12 decimals: an amount is never rounded on its way
    /// in.</exception>
    public static Amount From(decimal value, Currency currency) =>
        new(FixedPoint.From(value, Decimals), currency);

    public static Amount operator +(Amount left, Amount right) =>
        new(left.Trillionths + right.Trillionths, left.Currency.Shared(right.Currency));

    public static Amount operator -(Amount left, Amount right) =>
        new(left.Trillionths - right.Trillionths, left.Currency.Shared(right.Currency));

    public static Amount operator -(Amount amount) => new(-amount.Trillionths, amount.Currency);

    public static bool operator <(Amount left, Amount right) => left.CompareTo(right) < 0;

    public static bool operator >(Amount left, Amount right) => left.CompareTo(right) > 0;

    public static bool operator <=(Amount left, Amount right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Amount left, Amount right) => left.CompareTo(right) >= 0;

    /// <summary>Zero of the currency where there is nothing to add.</summary>
    public static Amount Sum(IEnumerable<Amount> amounts, Currency currency) =>
        amounts.Aggregate(Zero(currency), (sum, amount) => sum + amount);

    /// <exception cref="InvalidOperationException">Two currencies.</exception>
    public int CompareTo(Amount other)
    {
        Currency.Shared(other.Currency);
        return Trillionths.CompareTo(other.Trillionths);
    }

    /// <summary>amount × part ÷ whole; ends at 12 decimals, half-even.</summary>
    public Amount Prorate(long part, long whole) => new(HalfEven.Share(Trillionths, part, whole), Currency);

    /// <summary>amount × part ÷ whole; ends at 12 decimals, half-even.</summary>
    public Amount Prorate(Quantity part, Quantity whole) =>
        new(HalfEven.Share(Trillionths, part.Billionths, whole.Billionths), Currency);

    /// <summary>Shares in the ratio of the weights that add up to the amount to the last digit.</summary>
    public IReadOnlyList<Amount> Allocate(IReadOnlyList<long> weights)
    {
        var currency = Currency;
        return [.. Shares.Of(Trillionths, weights).Select(share => new Amount(share, currency))];
    }

    /// <exception cref="OverflowException">More digits than a decimal holds.</exception>
    public decimal ToDecimal() => FixedPoint.ToDecimal(Trillionths, Decimals);

    public static bool TryRead(ReadOnlySpan<char> text, out Amount value)
    {
        value = default;
        if (!Priced.TryRead(text, out var number, out var currency)) return false;
        if (!FixedPoint.TryRead(number, Decimals, 0, out var trillionths)) return false;

        value = new(trillionths, currency);
        return true;
    }

    public int Write(Span<char> into) =>
        Priced.Write(FixedPoint.Write(Trillionths, Decimals, 0, into), Currency, into);

    public override string ToString() => Text.Of(this);
}
