using System.Text.Json;

namespace Wolverine.Runtime.Persistence;

/// <summary>
/// A message as bytes: JSON, so that a person can read the column with <c>convert_from(body, 'UTF8')</c>.
/// </summary>
internal static class EnvelopeBody
{
    public static byte[] Write(Envelope envelope, JsonSerializerOptions options)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("source", envelope.Source);
            json.WriteString("sentAt", envelope.SentAt);
            json.WriteString("conversation", envelope.ConversationId);
            Text("correlation", envelope.CorrelationId);
            Text("parent", envelope.ParentId);
            Text("tenant", envelope.TenantId);
            if (envelope.DeliverBy is { } by) json.WriteString("deliverBy", by);
            if (envelope.Headers.Count > 0)
            {
                json.WriteStartObject("headers");
                foreach (var (key, value) in envelope.Headers) json.WriteString(key, value);
                json.WriteEndObject();
            }

            json.WritePropertyName("message");
            JsonSerializer.Serialize(json, envelope.Message, envelope.Message!.GetType(), options);
            json.WriteEndObject();

            void Text(string name, string? value)
            {
                if (value is not null) json.WriteString(name, value);
            }
        }

        return bytes.ToArray();
    }

    /// <summary>All but the message itself, whose type may be unknown.</summary>
    /// <exception cref="JsonException">These are not such bytes.</exception>
    public static Envelope Read(StoredEnvelope stored)
    {
        using var document = JsonDocument.Parse(stored.Body);
        var root = document.RootElement;
        var envelope = new Envelope
        {
            Id = stored.Id,
            MessageType = stored.MessageType,
            Destination = new(stored.Queue),
            Attempts = stored.Attempts,
            ScheduledTime = stored.ScheduledTime,
            Status = EnvelopeStatus.Incoming,
            WasPersistedInInbox = true,
            Body = stored.Body,
            Source = Text("source"),
            SentAt = root.GetProperty("sentAt").GetDateTimeOffset(),
            ConversationId = root.GetProperty("conversation").GetGuid(),
            CorrelationId = Text("correlation"),
            ParentId = Text("parent"),
            TenantId = Text("tenant"),
            DeliverBy = root.TryGetProperty("deliverBy", out var by) ? by.GetDateTimeOffset() : null,
            Unread = root.GetProperty("message").Clone(),
        };
        if (root.TryGetProperty("headers", out var headers))
            foreach (var header in headers.EnumerateObject())
                envelope.Headers[header.Name] = header.Value.GetString() ?? "";

        return envelope;

        string? Text(string name) => root.TryGetProperty(name, out var value) ? value.GetString() : null;
    }

    /// <summary>For a row whose bytes cannot be read: enough to make a dead letter of it.</summary>
    public static Envelope Unreadable(StoredEnvelope stored) => new()
    {
        Id = stored.Id,
        MessageType = stored.MessageType,
        Destination = new(stored.Queue),
        Attempts = stored.Attempts,
        Status = EnvelopeStatus.Incoming,
        WasPersistedInInbox = true,
        Body = stored.Body,
    };
}
