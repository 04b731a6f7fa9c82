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
        if (!MomentText.TryRead(reader.ValueSpan, out var read)) return false;

        value = read;
        return true;
    }
}
