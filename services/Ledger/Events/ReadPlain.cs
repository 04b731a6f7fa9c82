using System.Buffers;
using System.Text;
using System.Text.Json;
using Billing.Contracts.Values;

namespace Billing.Ledger.Events;

/// <summary>
/// Values of JSON as we write them. Each is read once: false where it is there already, or looks otherwise.
/// </summary>
internal static class ReadPlain
{
    private const int WithoutFraction = 20, MostDecimals = 6;

    /// <summary>At the name of a part.</summary>
    public static bool Is(ref Utf8JsonReader json, JsonEncodedText name) =>
        json.ValueTextEquals(name.EncodedUtf8Bytes);

    /// <summary>An object comes next.</summary>
    public static bool Object(ref Utf8JsonReader json) =>
        json.Read() && json.TokenType == JsonTokenType.StartObject;

    public static bool Value<T>(ref Utf8JsonReader json, ref T? value) where T : struct, IText<T>
    {
        if (value is not null || !json.Read() || !Text<T>(ref json, out var read)) return false;

        value = read;
        return true;
    }

    public static bool Word(ref Utf8JsonReader json, ref string? word)
    {
        if (word is not null || !json.Read() || json.TokenType != JsonTokenType.String) return false;

        word = json.GetString();
        return true;
    }

    public static bool Number(ref Utf8JsonReader json, ref int? number)
    {
        if (number is not null || !json.Read() || json.TokenType != JsonTokenType.Number) return false;
        if (!json.TryGetInt32(out var read)) return false;

        number = read;
        return true;
    }

    public static bool Truth(ref Utf8JsonReader json, ref bool? truth)
    {
        if (truth is not null || !json.Read()) return false;
        if (json.TokenType is not (JsonTokenType.True or JsonTokenType.False)) return false;

        truth = json.TokenType == JsonTokenType.True;
        return true;
    }

    public static bool Moment(ref Utf8JsonReader json, ref DateTimeOffset? moment)
    {
        if (moment is not null || !json.Read() || !IsPlainText(ref json)) return false;
        if (!TryMoment(json.ValueSpan, out var read)) return false;

        moment = read;
        return true;
    }

    /// <summary>At the value.</summary>
    public static bool Text<T>(ref Utf8JsonReader json, out T value) where T : struct, IText<T>
    {
        value = default;
        if (!IsPlainText(ref json) || json.ValueSpan.Length > T.LongestText) return false;

        Span<char> text = stackalloc char[T.LongestText];
        return Ascii.ToUtf16(json.ValueSpan, text, out var length) == OperationStatus.Done
            && T.TryRead(text[..length], out value);
    }

    private static bool IsPlainText(ref Utf8JsonReader json) =>
        json is { TokenType: JsonTokenType.String, ValueIsEscaped: false, HasValueSequence: false };

    // 2026-01-31T08:15:30.25Z, the last decimal not zero.
    private static bool TryMoment(ReadOnlySpan<byte> text, out DateTimeOffset moment)
    {
        moment = default;
        if (text.Length < WithoutFraction || text.Length == WithoutFraction + 1) return false;
        if (text.Length > WithoutFraction + 1 + MostDecimals || text[^1] != 'Z') return false;
        if (text[4] != '-' || text[7] != '-' || text[10] != 'T') return false;
        if (text[13] != ':' || text[16] != ':') return false;
        if (!(TryDigits(text[..4], out var year) && TryDigits(text[5..7], out var month)
            && TryDigits(text[8..10], out var day) && TryDigits(text[11..13], out var hour)
            && TryDigits(text[14..16], out var minute) && TryDigits(text[17..19], out var second)))
            return false;
        if (year == 0 || month is 0 or > 12 || hour > 23 || minute > 59 || second > 59) return false;
        if (day == 0 || day > DateTime.DaysInMonth(year, month)) return false;
        if (!TryMicroseconds(text[19..^1], out var micros)) return false;

        moment = new DateTimeOffset(year, month, day, hour, minute, second, TimeSpan.Zero)
            .AddTicks(micros * TimeSpan.TicksPerMicrosecond);
        return true;
    }

    private static bool TryMicroseconds(ReadOnlySpan<byte> fraction, out int micros)
    {
        micros = 0;
        if (fraction.IsEmpty) return true;
        if (fraction[0] != '.' || fraction[^1] == '0' || !TryDigits(fraction[1..], out micros)) return false;

        for (var missing = MostDecimals + 1 - fraction.Length; missing > 0; missing--) micros *= 10;
        return true;
    }

    private static bool TryDigits(ReadOnlySpan<byte> digits, out int number)
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
