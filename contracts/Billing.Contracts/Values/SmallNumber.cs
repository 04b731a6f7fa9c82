using System.Globalization;

namespace Billing.Contracts.Values;

/// <summary>
/// What <see cref="FixedPoint"/> does, for numbers that the machine itself can reckon with: nearly all.
/// </summary>
internal static class SmallNumber
{
    /// <summary>As many at most, before and behind the point.</summary>
    public const int Digits = 18;

    private static readonly ulong[] Powers =
        [.. Enumerable.Range(0, Digits + 1).Select(power => (ulong)FixedPoint.PowerOfTen(power))];

    public static int Write(ulong count, int decimals, int atLeast, Span<char> into)
    {
        var (whole, fraction) = Math.DivRem(count, Powers[decimals]);
        whole.TryFormat(into, out var length, default, CultureInfo.InvariantCulture);

        var shown = fraction == 0 ? atLeast : decimals;
        for (; shown > atLeast && fraction % 10 == 0; shown--) fraction /= 10;
        if (shown == 0) return length;

        into[length] = '.';
        for (var place = length + shown; place > length; place--, fraction /= 10)
            into[place] = (char)('0' + (int)(fraction % 10));
        return length + 1 + shown;
    }

    /// <summary>False where something else than digits is among them.</summary>
    public static bool TryRead(
        ReadOnlySpan<char> whole, ReadOnlySpan<char> fraction, int decimals, out long count)
    {
        count = 0;
        if (!TryAdd(whole, ref count) || !TryAdd(fraction, ref count)) return false;

        count *= (long)Powers[decimals - fraction.Length];
        return true;
    }

    private static bool TryAdd(ReadOnlySpan<char> digits, ref long count)
    {
        foreach (var digit in digits)
        {
            if (!char.IsAsciiDigit(digit)) return false;
            count = count * 10 + (digit - '0');
        }

        return true;
    }
}
