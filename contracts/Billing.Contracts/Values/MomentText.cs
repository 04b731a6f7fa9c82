namespace Billing.Contracts.Values;

/// <summary>How moments are spelled: <see cref="MomentJson"/>.</summary>
public static class MomentText
{
    /// <summary>In characters.</summary>
    internal const int Longest = 27;

    private const int WithoutFraction = 20, MostDecimals = 6;

    /// <summary>What is finer than microseconds is cut.</summary>
    internal static int Write(DateTimeOffset moment, Span<char> into)
    {
        var utc = moment.UtcDateTime;
        var (year, month, day) = utc;
        Write(year / 100, into);
        Write(year % 100, into[2..]);
        into[4] = into[7] = '-';
        Write(month, into[5..]);
        Write(day, into[8..]);
        into[10] = 'T';
        Write(utc.Hour, into[11..]);
        into[13] = into[16] = ':';
        Write(utc.Minute, into[14..]);
        Write(utc.Second, into[17..]);

        var (length, decimals) = (19, MostDecimals);
        var fraction = (int)(utc.Ticks % TimeSpan.TicksPerSecond / TimeSpan.TicksPerMicrosecond);
        if (fraction != 0)
        {
            for (; fraction % 10 == 0; fraction /= 10) decimals--;
            into[length] = '.';
            for (var place = length + decimals; place > length; place--, fraction /= 10)
                into[place] = (char)('0' + fraction % 10);
            length += 1 + decimals;
        }

        into[length] = 'Z';
        return length + 1;
    }

    /// <summary>
    /// True for what <see cref="Write(DateTimeOffset, Span{char})"/> writes, and then it is that moment.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> text, out DateTimeOffset moment)
    {
        moment = default;
        if (text.Length is < WithoutFraction or > Longest || text[^1] != 'Z') return false;
        if (text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':')
            return false;
        if (!(TryNumber(text[..4], out var year) && TryNumber(text[5..7], out var month)
            && TryNumber(text[8..10], out var day) && TryNumber(text[11..13], out var hour)
            && TryNumber(text[14..16], out var minute) && TryNumber(text[17..19], out var second)))
            return false;
        if (year == 0 || month is 0 or > 12) return false;
        if (day == 0 || day > DateTime.DaysInMonth(year, month)) return false;
        if (hour > 23 || minute > 59 || second > 59) return false;

        var microseconds = 0;
        if (text.Length > WithoutFraction)
        {
            var digits = text[WithoutFraction..^1];
            if (text[19] != '.' || digits.IsEmpty || digits[^1] == '0') return false;
            if (!TryNumber(digits, out microseconds)) return false;
            for (var missing = MostDecimals - digits.Length; missing > 0; missing--) microseconds *= 10;
        }

        moment = new DateTimeOffset(year, month, day, hour, minute, second, TimeSpan.Zero)
            .AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);
        return true;
    }

    private static void Write(int twoDigits, Span<char> into)
    {
        into[1] = (char)('0' + twoDigits % 10);
        into[0] = (char)('0' + twoDigits / 10);
    }

    private static bool TryNumber(ReadOnlySpan<byte> digits, out int number)
    {
        number = 0;
        foreach (var digit in digits)
        {
            if (!char.IsAsciiDigit((char)digit)) return false;
            number = number * 10 + (digit - '0');
        }

        return true;
    }
}
