using System.Text.Json;
using Billing.Contracts.Values;

namespace Billing.Ledger.Projections;

/// <summary>
/// Values of JSON in the one spelling that events are written in. False where a value has another, or is of
/// another kind; then the reader stands wherever it came to.
/// </summary>
internal static class JsonParts
{
    private const int LongestText = 512;

    private const int MomentWithoutFraction = 19;

    public static bool Text<T>(ref Utf8JsonReader reader, out T? value) where T : struct, IText<T>
    {
        value = null;
        if (!reader.Read() || reader.TokenType != JsonTokenType.String) return false;
        if (reader.ValueSpan.Length > LongestText) return false;

        Span<char> buffer = stackalloc char[LongestText];
        var text = buffer[..reader.CopyString(buffer)];
        if (!Contracts.Values.Text.TryRead<T>(text, out var read)) return false;

        value = read;
        return true;
    }

    public static bool Text(ref Utf8JsonReader reader, out string? value)
    {
        var isText = reader.Read() && reader.TokenType == JsonTokenType.String;
        value = isText ? reader.GetString() : null;
        return isText;
    }

    /// <summary>A member of an enumeration in kebab-case.</summary>
    public static bool Word<T>(ref Utf8JsonReader reader, out T? value) where T : struct, Enum
    {
        value = Text(ref reader, out var word) ? Words.Find<T>(word!) : null;
        return value is not null;
    }

    public static bool Period(ref Utf8JsonReader reader, out BillingPeriod? value)
    {
        value = null;
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;

        var (start, end) = (default(DateTimeOffset?), default(DateTimeOffset?));
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            if (!(reader.ValueTextEquals("start"u8)
                ? Moment(ref reader, out start)
                : reader.ValueTextEquals("endExclusive"u8) && Moment(ref reader, out end)))
                return false;

        if (start < end) value = new(start.Value, end.Value);
        return value is not null && reader.TokenType == JsonTokenType.EndObject;
    }

    /// <summary>As <see cref="MomentJson.Format"/> says.</summary>
    public static bool Moment(ref Utf8JsonReader reader, out DateTimeOffset? value)
    {
        value = null;
        if (!reader.Read() || reader.TokenType != JsonTokenType.String) return false;

        var text = reader.ValueSpan;
        if (text.Length <= MomentWithoutFraction || text[^1] != 'Z' || text[4] != '-' || text[7] != '-'
            || text[10] != 'T' || text[13] != ':' || text[16] != ':') return false;
        if (!Number(text[..4], out var year) || !Number(text[5..7], out var month)
            || !Number(text[8..10], out var day) || !Number(text[11..13], out var hour)
            || !Number(text[14..16], out var minute) || !Number(text[17..19], out var second)
            || !Fraction(text[MomentWithoutFraction..^1], out var ticks)) return false;
        if (year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month)
            || hour > 23 || minute > 59 || second > 59) return false;

        var moment = new DateTime(year, month, day, hour, minute, second, DateTimeKind.Utc);
        value = new(moment.AddTicks(ticks), TimeSpan.Zero);
        return true;
    }

    /// <summary>A point and one to six digits, of which the last is no zero; or nothing.</summary>
    private static bool Fraction(ReadOnlySpan<byte> text, out long ticks)
    {
        ticks = 0;
        if (text.IsEmpty) return true;
        if (text is not [(byte)'.', .. { Length: >= 1 and <= 6 } digits] || digits[^1] == '0') return false;
        if (!Number(digits, out var count)) return false;

        ticks = count;
        for (var place = digits.Length; place < 7; place++) ticks *= 10;
        return true;
    }

    private static bool Number(ReadOnlySpan<byte> digits, out int number)
    {
        number = 0;
        foreach (var digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'9') return false;
            number = number * 10 + (digit - '0');
        }

        return true;
    }
}
