using System.Text.Json.Serialization;

namespace Billing.Contracts.Values;

/// <summary>
/// The price of one unit: exact, at most 12 decimals, since usage prices go far below a cent. Spelled
/// <c>0.0001 USD</c>. The default value has no currency and is refused everywhere.
/// </summary>
[JsonConverter(typeof(TextJson<UnitPrice>))]
public readonly record struct UnitPrice : IText<UnitPrice>
{
    public const int Decimals = 12;

    private UnitPrice(Int128 trillionths, Currency currency)
    {
        Trillionths = FixedPoint.Checked(trillionths);
        Currency = currency.Given();
    }

    public static int LongestText => FixedPoint.LongestText + 4;

    /// <summary>The price in units of 10^-12.</summary>
    public Int128 Trillionths { get; }

    public Currency Currency { get; }

    /// <exception cref="OverflowException">More than 12 decimals.</exception>
    public static UnitPrice From(decimal value, Currency currency) =>
        new(FixedPoint.From(value, Decimals), currency);

    public static ExtendedPrice operator *(UnitPrice price, Quantity quantity) =>
        ExtendedPrice.Of(quantity, price);

    /// <exception cref="OverflowException">More digits than a decimal holds.</exception>
    public decimal ToDecimal() => FixedPoint.ToDecimal(Trillionths, Decimals);

    public static bool TryRead(ReadOnlySpan<char> text, out UnitPrice value)
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
