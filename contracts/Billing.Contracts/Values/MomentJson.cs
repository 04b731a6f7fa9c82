using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Billing.Contracts.Values;

/// <summary>
/// Moments on the wire are UTC and end in Z, with up to six decimals of a second. What is finer is cut when
/// written, because the databases keep microseconds; what does not look like this is refused when read.
/// </summary>
public sealed class MomentJson : JsonConverter<DateTimeOffset>
{
    public const string Format = "yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'";

    public override DateTimeOffset Read(
        ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.String) throw NotOne();
        if (reader.ValueSpan.Length > MomentText.Longest) throw NotOne();

        Span<char> buffer = stackalloc char[MomentText.Longest];
        var text = buffer[..reader.CopyString(buffer)];
        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        return DateTimeOffset.TryParseExact(text, Format, CultureInfo.InvariantCulture, Utc, out var moment)
            ? moment
            : throw NotOne();
    }

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options)
    {
        Span<char> buffer = stackalloc char[MomentText.Longest];
        var length = MomentText.Write(value, buffer);
        writer.WriteStringValue(buffer[..length]);
    }

    private static JsonException NotOne() => new("A moment looks like 2026-01-31T08:15:30.25Z.");
}
