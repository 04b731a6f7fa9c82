using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Billing.Ingestion.Usage.Reading;

/// <summary>
/// Numbers keep every digit and get one spelling: <c>1.50e3</c>, <c>1500.0</c> and <c>1500</c> are
/// <c>1500</c>. Never by way of binary floating point.
/// </summary>
public static class Numbers
{
    public const int MostWholeDigits = 29, MostDecimals = 18, LongestToken = 64;

    private const int LargestExponent = 100;

    /// <param name="number">As JSON's grammar has it, or anything else.</param>
    /// <returns>False for what is no number, or has more digits than are allowed.</returns>
    public static bool TrySpell(ReadOnlySpan<byte> number, [NotNullWhen(true)] out string? spelling)
    {
        spelling = null;
        if (number.Length is 0 or > LongestToken) return false;
        if (IsPlainWhole(number))
        {
            spelling = number.Length <= 6 ? Texts.Of(number) : Encoding.ASCII.GetString(number);
            return true;
        }

        Span<byte> digits = stackalloc byte[LongestToken];
        if (!TrySplit(number, digits, out var parts)) return false;
        if (parts.Length == 0)
        {
            spelling = "0";
            return true;
        }

        var (point, decimals) = (parts.Point, Math.Max(0, parts.Length - parts.Point));
        if (point > MostWholeDigits || decimals > MostDecimals) return false;

        spelling = Spell(digits[..parts.Length], point, parts.IsNegative);
        return true;
    }

    /// <summary>False for a text that is not a number as JSON spells them.</summary>
    public static bool TrySpell(string number, [NotNullWhen(true)] out string? spelling)
    {
        spelling = null;
        if (number.Length > LongestToken || !Ascii.IsValid(number)) return false;

        Span<byte> bytes = stackalloc byte[LongestToken];
        var length = Encoding.ASCII.GetBytes(number, bytes);
        if (!IsPlainWhole(bytes[..length])) return TrySpell(bytes[..length], out spelling);

        spelling = number;
        return true;
    }

    private static bool IsPlainWhole(ReadOnlySpan<byte> number) =>
        number.Length is > 0 and <= MostWholeDigits && !number.ContainsAnyExceptInRange((byte)'0', (byte)'9')
        && (number[0] != '0' || number.Length == 1);

    /// <param name="Length">Of the significant digits: no zero at either end.</param>
    /// <param name="Point">Behind so many of them; may lie before the first or behind the last.</param>
    private readonly record struct Parts(int Length, int Point, bool IsNegative);

    private static bool TrySplit(ReadOnlySpan<byte> number, Span<byte> digits, out Parts parts)
    {
        parts = default;
        var isNegative = number[0] == '-';
        var rest = isNegative ? number[1..] : number;

        var whole = Digits(rest);
        if (whole.IsEmpty || (whole[0] == '0' && whole.Length > 1)) return false;

        rest = rest[whole.Length..];
        ReadOnlySpan<byte> fraction = [];
        if (rest is [(byte)'.', ..])
        {
            fraction = Digits(rest[1..]);
            if (fraction.IsEmpty) return false;
            rest = rest[(1 + fraction.Length)..];
        }

        if (!TryReadExponent(rest, out var exponent)) return false;

        whole.CopyTo(digits);
        fraction.CopyTo(digits[whole.Length..]);
        var all = digits[..(whole.Length + fraction.Length)];
        var leading = all.IndexOfAnyExcept((byte)'0');
        if (leading < 0) return true;

        var length = all.LastIndexOfAnyExcept((byte)'0') + 1 - leading;
        all.Slice(leading, length).CopyTo(digits);
        parts = new(length, whole.Length - leading + exponent, isNegative);
        return true;
    }

    private static ReadOnlySpan<byte> Digits(ReadOnlySpan<byte> text)
    {
        var end = text.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        return end < 0 ? text : text[..end];
    }

    private static bool TryReadExponent(ReadOnlySpan<byte> text, out int exponent)
    {
        exponent = 0;
        if (text.IsEmpty) return true;
        if (text[0] is not ((byte)'e' or (byte)'E')) return false;

        var isNegative = text is [_, (byte)'-', ..];
        var digits = text[(isNegative || text is [_, (byte)'+', ..] ? 2 : 1)..];
        if (digits.IsEmpty || digits.ContainsAnyExceptInRange((byte)'0', (byte)'9')) return false;

        foreach (var digit in digits)
            if ((exponent = exponent * 10 + digit - '0') > LargestExponent) return false;

        if (isNegative) exponent = -exponent;
        return true;
    }

    private static string Spell(ReadOnlySpan<byte> digits, int point, bool isNegative)
    {
        Span<char> text = stackalloc char[2 + MostWholeDigits + MostDecimals + 2];
        var length = 0;
        if (isNegative) text[length++] = '-';
        if (point <= 0) text[length++] = '0';
        for (var place = 0; place < Math.Max(point, digits.Length); place++)
        {
            if (place == Math.Max(point, 0) && place < digits.Length)
            {
                text[length++] = '.';
                for (var zero = point; zero < 0; zero++) text[length++] = '0';
            }
            text[length++] = place < digits.Length ? (char)digits[place] : '0';
        }

        return new string(text[..length]);
    }
}
