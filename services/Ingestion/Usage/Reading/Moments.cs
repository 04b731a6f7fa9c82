namespace Billing.Ingestion.Usage.Reading;

/// <summary>Moments as RFC 3339 spells them, and nothing else.</summary>
public static class Moments
{
    public const int LongestText = 27; // 2026-01-31T08:15:30.123456Z

    private const int Shortest = 20; // 2026-01-31T08:15:30Z

    /// <param name="moment">UTC, cut to microseconds, which is what databases and contracts keep.</param>
    public static bool TryRead(ReadOnlySpan<byte> text, out DateTimeOffset moment)
    {
        moment = default;
        if (text.Length < Shortest || !HasMarks(text)) return false;
        if (!TryNumber(text[..4], out var year) || !TryNumber(text[5..7], out var month)
            || !TryNumber(text[8..10], out var day) || !TryNumber(text[11..13], out var hour)
            || !TryNumber(text[14..16], out var minute) || !TryNumber(text[17..19], out var second))
            return false;

        // A leap second is the first of the next minute, as in POSIX.
        if (year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month)
            || hour > 23 || minute > 59 || second > 60)
            return false;

        if (!TryFraction(text[19..], out var microseconds, out var rest) || !TryOffset(rest, out var offset))
            return false;

        var ticks = new DateTime(year, month, day, hour, minute, 0).Ticks
            + second * TimeSpan.TicksPerSecond + microseconds * TimeSpan.TicksPerMicrosecond
            - offset * TimeSpan.TicksPerMinute;
        if (ticks < 0 || ticks > DateTime.MaxValue.Ticks) return false;

        moment = new(ticks, TimeSpan.Zero);
        return true;
    }

    /// <summary>Finer than a database keeps is cut, so that what is read back is the same.</summary>
    public static DateTimeOffset Cut(DateTimeOffset moment) =>
        new(moment.UtcTicks - moment.UtcTicks % TimeSpan.TicksPerMicrosecond, TimeSpan.Zero);

    /// <summary>As <see cref="Contracts.Values.MomentJson"/> spells them, up to microseconds.</summary>
    /// <returns>How many bytes it takes, at most <see cref="LongestText"/>.</returns>
    public static int Write(DateTimeOffset moment, Span<byte> into)
    {
        var utc = moment.UtcDateTime;
        "0000-00-00T00:00:00.000000Z"u8.CopyTo(into);
        Put(utc.Year, into[..4]);
        Put(utc.Month, into[5..7]);
        Put(utc.Day, into[8..10]);
        Put(utc.Hour, into[11..13]);
        Put(utc.Minute, into[14..16]);
        Put(utc.Second, into[17..19]);
        Put((int)(utc.Ticks % TimeSpan.TicksPerSecond / TimeSpan.TicksPerMicrosecond), into[20..26]);

        var length = into[..26].LastIndexOfAnyExcept((byte)'0') + 1;
        length = utc.Ticks % TimeSpan.TicksPerSecond < TimeSpan.TicksPerMicrosecond ? 19 : length;
        into[length] = (byte)'Z';
        return length + 1;
    }

    private static void Put(int number, Span<byte> digits)
    {
        for (var place = digits.Length - 1; place >= 0; place--, number /= 10)
            digits[place] = (byte)('0' + number % 10);
    }

    private static bool HasMarks(ReadOnlySpan<byte> text) =>
        text[4] == '-' && text[7] == '-' && text[10] is (byte)'T' or (byte)'t'
        && text[13] == ':' && text[16] == ':';

    private static bool TryNumber(ReadOnlySpan<byte> digits, out int number)
    {
        number = 0;
        foreach (var digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'9') return false;
            number = number * 10 + digit - '0';
        }

        return true;
    }

    private static bool TryFraction(
        ReadOnlySpan<byte> text, out int microseconds, out ReadOnlySpan<byte> rest)
    {
        microseconds = 0;
        rest = text;
        if (text is not [(byte)'.', ..]) return true;

        var end = text[1..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        if (end <= 0) return false;

        for (var place = 0; place < 6; place++)
            microseconds = microseconds * 10 + (place < end ? text[1 + place] - '0' : 0);
        rest = text[(1 + end)..];
        return true;
    }

    private static bool TryOffset(ReadOnlySpan<byte> text, out int minutes)
    {
        minutes = 0;
        if (text is [(byte)'Z' or (byte)'z']) return true;
        if (text is not [(byte)'+' or (byte)'-', _, _, (byte)':', _, _]) return false;
        if (!TryNumber(text[1..3], out var hour) || !TryNumber(text[4..6], out var minute)) return false;
        if (hour > 23 || minute > 59) return false;

        minutes = (hour * 60 + minute) * (text[0] == '-' ? -1 : 1);
        return true;
    }
}
