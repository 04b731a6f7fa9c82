using System.Text.Json;
using System.Text.Unicode;

namespace Billing.Ingestion.Usage.Reading;

/// <summary>
/// CloudEvents 1.0 in binary form: attributes in headers, the data alone in the body. The same for Kafka
/// (<c>ce_id</c>) and for HTTP (<c>ce-id</c>), whose headers lose their prefix before they come here.
/// </summary>
public static class ReadBinaryEvent
{
    /// <param name="attributes">Names without prefix, in small letters; a name may come twice.</param>
    /// <param name="contentType">Of the body.</param>
    public static UsageReading Read(
        IEnumerable<KeyValuePair<string, ReadOnlyMemory<byte>>> attributes, ReadOnlySpan<byte> contentType,
        ReadOnlySpan<byte> body)
    {
        var draft = new EventDraft();
        Span<byte> name = stackalloc byte[EventDraft.LongestName + 1];
        foreach (var (text, value) in attributes)
        {
            if (!System.Text.Encoding.UTF8.TryGetBytes(text, name, out var length)
                || !Utf8.IsValid(value.Span))
                draft.Refuse(Refusal.AttributeInvalid);
            else draft.Set(name[..length], value.Span);
        }

        if (!contentType.IsEmpty) draft.Set("datacontenttype"u8, contentType);
        if (body.Length > UsageLimits.LargestEventBytes) draft.Refuse(Refusal.TooLarge);

        return draft.Finish(body.IsEmpty ? [] : Data(body, ref draft));
    }

    private static KeyValuePair<string, string>[] Data(ReadOnlySpan<byte> body, ref EventDraft draft)
    {
        if (body.Length > UsageLimits.LargestEventBytes) return [];
        if (!Utf8.IsValid(body))
        {
            draft.Refuse(Refusal.DataInvalid);
            return [];
        }

        var reader = ReadCloudEvent.Reader(body);
        try
        {
            reader.Read();
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                var properties = PropertyReader.Read(ref reader, out var refusal);
                reader.Read(); // throws where something follows
                if (refusal is not null) draft.Refuse(refusal);
                return properties;
            }

            if (reader.TokenType != JsonTokenType.Null) draft.Refuse(Refusal.DataInvalid);
        }
        catch (JsonException)
        {
            draft.Refuse(Refusal.DataInvalid);
        }

        return [];
    }
}
