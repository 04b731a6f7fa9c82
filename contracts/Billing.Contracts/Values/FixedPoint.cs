using System.Globalization;

namespace Billing.Contracts.Values;

/// <summary>
/// Decimal numbers as whole counts of 10^-decimals in 128 bits, at most 38 digits: what numeric(38, decimals)
/// holds in PostgreSQL. <see cref="decimal"/> would do for 28 digits and then round without a word.
/// </summary>
internal static class FixedPoint
{
    public const int Digits = 38;

    /// <summary>Sign, digits, point, and the zero before a point.</summary>
    public const int LongestText = Digits + 3;

    private static readonly Int128[] Powers = [.. Enumerable.Range(0, Digits + 1).Select(MakePower)];

    /// <summary>10^38 − 1.</summary>
    public static readonly Int128 Largest = Powers[Digits] - 1;

    public static Int128 PowerOfTen(int exponent) => Powers[exponent];

    /// <exception cref="OverflowException">More than 38 digits.</exception>
    public static Int128 Checked(Int128 count) =>
        Int128.Abs(count) <= Largest ? count : throw new OverflowException("More than 38 digits.");

    /// <exception cref="OverflowException">More decimals or digits than the number may have.</exception>
    public static Int128 From(decimal value, int decimals)
    {
        var scale = value.Scale;
        var mantissa = Mantissa(value);
        for (; scale > decimals; scale--)
        {
            if (mantissa % 10 != 0) throw new OverflowException($"More than {decimals} decimals.");
            mantissa /= 10;
        }

        return Checked(checked(mantissa * PowerOfTen(decimals - scale)));
    }

    /// <exception cref="OverflowException">More than the 28 or 29 digits of a <see
    /// cref="decimal"/>.</exception>
    public static decimal ToDecimal(Int128 count, int decimals)
    {
        for (; decimals > 0 && count % 10 == 0; decimals--) count /= 10;

        var magnitude = (UInt128)Int128.Abs(count);
        if (magnitude >> 96 != 0) throw new OverflowException("More digits than a decimal holds.");

        return new decimal(
            unchecked((int)(uint)magnitude), unchecked((int)(uint)(magnitude >> 32)),
            unchecked((int)(uint)(magnitude >> 64)), Int128.IsNegative(count), (byte)decimals);
    }

    /// <summary>
    /// Without trailing zeros beyond <paramref name="atLeast"/> decimals; zero has no sign.
    /// </summary>
    public static int Write(Int128 count, int decimals, int atLeast, Span<char> into)
    {
        var length = 0;
        if (Int128.IsNegative(count)) into[length++] = '-';
        var magnitude = (UInt128)Int128.Abs(count);
        if (magnitude <= ulong.MaxValue && decimals <= SmallNumber.Digits)
            return length + SmallNumber.Write((ulong)magnitude, decimals, atLeast, into[length..]);

        var (whole, fraction) = Int128.DivRem(Int128.Abs(count), PowerOfTen(decimals));
        whole.TryFormat(into[length..], out var written, default, CultureInfo.InvariantCulture);
        length += written;

        var shown = decimals;
        for (; shown > atLeast && fraction % 10 == 0; shown--) fraction /= 10;
        if (shown == 0) return length;

        into[length++] = '.';
        into.Slice(length, shown).Fill('0');
        for (var place = length + shown - 1; fraction != 0; place--, fraction /= 10)
            into[place] = (char)('0' + (int)(fraction % 10));
        return length + shown;
    }

    /// <summary>True only for what <see cref="Write"/> writes.</summary>
    public static bool TryRead(ReadOnlySpan<char> text, int decimals, int atLeast, out Int128 count)
    {
        count = Int128.Zero;
        if (text.Length > LongestText) return false;

        var isNegative = text is ['-', ..];
        var digits = isNegative ? text[1..] : text;
        var point = digits.IndexOf('.');
        var whole = point < 0 ? digits : digits[..point];
        var fraction = point < 0 ? [] : digits[(point + 1)..];

        if (whole is [] or ['0', _, ..] || (point >= 0 && fraction.IsEmpty)) return false;
        if (fraction.Length > decimals || fraction.Length < atLeast) return false;
        if (fraction.Length > atLeast && fraction[^1] == '0') return false;
        if (whole.Length + decimals > Digits) return false;
        if (whole.Length + decimals <= SmallNumber.Digits)
        {
            var isSmall = SmallNumber.TryRead(whole, fraction, decimals, out var small);
            count = isNegative ? -small : small;
            return isSmall && !(isNegative && small == 0);
        }

        if (!TryAdd(whole, ref count) || !TryAdd(fraction, ref count)) return false;
        if (isNegative && count == 0) return false;

        count *= PowerOfTen(decimals - fraction.Length) * (isNegative ? -1 : 1);
        return true;
    }

    private static bool TryAdd(ReadOnlySpan<char> digits, ref Int128 count)
    {
        foreach (var digit in digits)
        {
            if (!char.IsAsciiDigit(digit)) return false;
            count = count * 10 + (digit - '0');
        }

        return true;
    }

    private static Int128 MakePower(int exponent) =>
        exponent == 0 ? Int128.One : 10 * MakePower(exponent - 1);

    private static Int128 Mantissa(decimal value)
    {
        Span<int> bits = stackalloc int[4];
        decimal.GetBits(value, bits);

        var (low, middle, high) = unchecked(((uint)bits[0], (uint)bits[1], (uint)bits[2]));
        var magnitude = ((Int128)high << 64) | ((Int128)middle << 32) | low;
        return bits[3] < 0 ? -magnitude : magnitude;
    }
}
