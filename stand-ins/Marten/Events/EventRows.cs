using System.Text;
using System.Text.Json;
using JasperFx.Events;

namespace Marten.Events;

/// <summary>Events as rows of binary COPY.</summary>
internal sealed class EventRows(StoreOptions options)
{
    private readonly JsonSerializerOptions serializing = options.Json;
    private readonly MetadataConfig metadata = options.Events.MetadataConfig;

    // As the serializer writes by itself; what it writes is whole.
    private readonly JsonWriterOptions writing = new()
    {
        Encoder = options.Json.Encoder,
        Indented = options.Json.WriteIndented,
        MaxDepth = options.Json.MaxDepth,
        SkipValidation = true,
    };

    /// <summary>What is not among them has its default.</summary>
    public static string Columns(StoreOptions options)
    {
        var metadata = options.Events.MetadataConfig;

        return "seq_id, id, stream_id, version, data, type, timestamp, mt_dotnet_type"
            + (metadata.CausationIdEnabled ? ", causation_id" : "")
            + (metadata.CorrelationIdEnabled ? ", correlation_id" : "")
            + (metadata.UserNameEnabled ? ", user_name" : "")
            + (metadata.HeadersEnabled ? ", headers" : "");
    }

    public Row Begin(CopyBuffer into) => new(this, into);

    /// <summary>Writes one after the other.</summary>
    public sealed class Row : IDisposable
    {
        private readonly EventRows rows;
        private readonly CopyBuffer into;
        private readonly Utf8JsonWriter json;
        private readonly short fields;
        private byte[] stream = [];

        public Row(EventRows rows, CopyBuffer into)
        {
            (this.rows, this.into) = (rows, into);
            json = new(into, rows.writing);
            fields = 8;
            if (rows.metadata.CausationIdEnabled) fields++;
            if (rows.metadata.CorrelationIdEnabled) fields++;
            if (rows.metadata.UserNameEnabled) fields++;
            if (rows.metadata.HeadersEnabled) fields++;
            into.Begin();
        }

        /// <summary>The events that follow are of this stream.</summary>
        public void Of(StreamAction action) => stream = Encoding.UTF8.GetBytes(action.Key);

        /// <param name="now">For an event without a time of its own.</param>
        public void Write(IEvent e, long version, long sequence, DateTimeOffset now)
        {
            into.Int16(fields);
            into.Field(sequence);
            into.Field(e.Id);
            into.Field(stream);
            into.Field(version);
            Json(e.Data, e.EventType);
            into.Field(e.EventTypeName);
            into.Field(e.Timestamp == default ? now : e.Timestamp);
            into.Field(e.DotNetTypeName);
            if (rows.metadata.CausationIdEnabled) into.Field(e.CausationId);
            if (rows.metadata.CorrelationIdEnabled) into.Field(e.CorrelationId);
            if (rows.metadata.UserNameEnabled) into.Field(e.UserName);
            if (!rows.metadata.HeadersEnabled) return;

            if (e.Headers is { Count: > 0 } headers) Json(headers, headers.GetType());
            else into.Field((string?)null);
        }

        public void End() => into.End();

        public void Dispose() => json.Dispose();

        private void Json(object value, Type type)
        {
            // The version of jsonb's binary form, and then it is text.
            var start = into.BeginField();
            into.Byte(1);
            json.Reset();
            JsonSerializer.Serialize(json, value, type, rows.serializing);
            json.Flush();
            into.EndField(start);
        }
    }
}
