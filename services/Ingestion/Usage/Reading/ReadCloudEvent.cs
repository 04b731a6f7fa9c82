using System.Text.Json;
using System.Text.Unicode;

namespace Billing.Ingestion.Usage.Reading;

/// <summary>CloudEvents 1.0 as JSON: one, or an array of them.</summary>
public static class ReadCloudEvent
{
    private const int Deepest = 64;

    private static readonly JsonReaderOptions Strict = new() { MaxDepth = Deepest };

    /// <summary>One event in structured form.</summary>
    public static UsageReading One(ReadOnlySpan<byte> json)
    {
        if (Unfit(json) is { } unfit) return UsageReading.Refused(unfit);
        if (json.Length > UsageLimits.LargestEventBytes) return UsageReading.Refused(Refusal.TooLarge);

        var reader = new Utf8JsonReader(json, Strict);
        try
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
                return UsageReading.Refused(Refusal.NotAnObject);

            var reading = Event(ref reader);
            reader.Read(); // throws where something follows
            return reading with { Length = json.Length };
        }
        catch (JsonException)
        {
            return UsageReading.Refused(Broken(ref reader));
        }
    }

    /// <summary>
    /// An array of events. Where it is no array of JSON objects, or has none or too many, it is refused as a
    /// whole: there is one answer, and its refusal is unreadable.
    /// </summary>
    public static Refusal? Batch(ReadOnlySpan<byte> json, List<UsageReading> readings)
    {
        if (Unfit(json) is { } unfit) return unfit;

        var reader = new Utf8JsonReader(json, Strict);
        try
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartArray) return Refusal.NotABatch;

            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (reader.TokenType != JsonTokenType.StartObject) return Refusal.NotABatch;
                if (readings.Count == UsageLimits.MostInBatch) return Refusal.NotABatch;

                var start = (int)reader.TokenStartIndex;
                var reading = Event(ref reader);
                var length = (int)reader.BytesConsumed - start;
                if (length > UsageLimits.LargestEventBytes)
                    reading = new(null, Refusal.TooLarge, reading.Source, reading.Id);
                readings.Add(reading with { Start = start, Length = length });
            }

            reader.Read();
            return readings.Count == 0 ? Refusal.NotABatch : null;
        }
        catch (JsonException)
        {
            return Broken(ref reader);
        }
    }

    internal static Refusal? Unfit(ReadOnlySpan<byte> json) =>
        json.IsEmpty ? Refusal.Empty : Utf8.IsValid(json) ? null : Refusal.NotJson;

    internal static Refusal Broken(ref Utf8JsonReader reader) =>
        reader.CurrentDepth >= Deepest ? Refusal.TooDeepToRead : Refusal.NotJson;

    internal static Utf8JsonReader Reader(ReadOnlySpan<byte> json) => new(json, Strict);

    /// <summary>From the object's beginning to its end, whatever is wrong with it.</summary>
    private static UsageReading Event(ref Utf8JsonReader reader)
    {
        var draft = new EventDraft();
        KeyValuePair<string, string>[] properties = [];
        Span<byte> nameBuffer = stackalloc byte[6 * EventDraft.LongestName];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            scoped var name = reader.ValueSpan;
            if (reader.ValueIsEscaped)
                name = JsonTexts.TryUnescape(ref reader, nameBuffer, out var length)
                    ? nameBuffer[..length]
                    : default;

            reader.Read();
            if (name.SequenceEqual("data"u8)) properties = Data(ref reader, ref draft);
            else Attribute(ref reader, ref draft, name);
        }

        return draft.Finish(properties);
    }

    private static KeyValuePair<string, string>[] Data(ref Utf8JsonReader reader, ref EventDraft draft)
    {
        draft.See("data"u8);
        if (reader.TokenType == JsonTokenType.Null) return [];
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            draft.Refuse(Refusal.DataInvalid);
            return [];
        }

        var properties = PropertyReader.Read(ref reader, out var refusal);
        if (refusal is not null) draft.Refuse(refusal);
        return properties;
    }

    private static void Attribute(
        ref Utf8JsonReader reader, ref EventDraft draft, scoped ReadOnlySpan<byte> name)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String when !reader.ValueIsEscaped:
                draft.Set(name, reader.ValueSpan);
                break;
            case JsonTokenType.String:
                Span<byte> buffer = stackalloc byte[EventDraft.LongestAttribute];
                if (JsonTexts.TryUnescape(ref reader, buffer, out var length))
                    draft.Set(name, buffer[..length]);
                else draft.Wrong(name);
                break;
            case JsonTokenType.Null:
                draft.See(name);
                break;
            case JsonTokenType.True or JsonTokenType.False:
            case JsonTokenType.Number when reader.TryGetInt64(out _):
                draft.SetOther(name, reader.ValueSpan);
                break;
            default:
                reader.Skip();
                draft.Wrong(name);
                break;
        }
    }
}
