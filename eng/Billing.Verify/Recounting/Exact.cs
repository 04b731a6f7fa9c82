using System.Globalization;
using System.Numerics;

namespace Billing.Verify.Recounting;

/// <summary>
/// Decimal numbers as whole counts of any size: quantities of 10^-9, money of 10^-12, a quantity times a price of
/// 10^-21. Nothing here can overflow or lose a digit.
/// </summary>
internal static class Exact
{
    public const int QuantityDecimals = 9;
    public const int MoneyDecimals = 12;

    /// <summary>Billionths in a unit, and 10^-21 in 10^-12.</summary>
    public static readonly BigInteger Billion = BigInteger.Pow(10, 9);

    public static BigInteger Quantity(string text) => Read(text, QuantityDecimals);

    /// <exception cref="FormatException">No decimal number, or one with more decimals.</exception>
    public static BigInteger Read(string text, int decimals)
    {
        var point = text.IndexOf('.', StringComparison.Ordinal);
        var (whole, fraction) = point < 0 ? (text, "") : (text[..point], text[(point + 1)..]);
        if (fraction.Length > decimals) throw new FormatException($"{text} has more than {decimals} decimals.");

        return BigInteger.Parse(
            whole + fraction.PadRight(decimals, '0'), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
    }

    public static string Write(BigInteger count, int decimals)
    {
        var digits = BigInteger.Abs(count).ToString(CultureInfo.InvariantCulture).PadLeft(decimals + 1, '0');
        var (whole, fraction) = (digits[..^decimals], digits[^decimals..].TrimEnd('0'));

        return $"{(count.Sign < 0 ? "-" : "")}{whole}{(fraction.Length == 0 ? "" : ".")}{fraction}";
    }

    /// <summary>To the nearest whole number, a tie to the even one.</summary>
    public static BigInteger HalfEven(BigInteger number, BigInteger divisor)
    {
        if (divisor.Sign < 0) (number, divisor) = (-number, -divisor);

        var floor = BigInteger.DivRem(number, divisor, out var rest);
        if (rest.Sign < 0) (floor, rest) = (floor - 1, rest + divisor);
        var toHalf = (2 * rest).CompareTo(divisor);

        return toHalf > 0 || (toHalf == 0 && !floor.IsEven) ? floor + 1 : floor;
    }
}

/// <summary>Money or a price of a unit: <c>0.00823 USD</c>.</summary>
/// <param name="Count">Of 10^-12 of the currency.</param>
internal readonly record struct Priced(BigInteger Count, string Currency) : IComparable<Priced>
{
    public int CompareTo(Priced other) =>
        string.CompareOrdinal(Currency, other.Currency) is not 0 and var by ? by : Count.CompareTo(other.Count);

    public static Priced Read(string text) => text.Split(' ') is [var number, var currency]
        ? new(Exact.Read(number, Exact.MoneyDecimals), currency)
        : throw new FormatException($"'{text}' is no amount with a currency.");

    public override string ToString() => $"{Exact.Write(Count, Exact.MoneyDecimals)} {Currency}";
}
