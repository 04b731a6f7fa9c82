using System.Text;
using System.Text.Json;
using Billing.Contracts;
using Billing.Ingestion.Usage.Reading;
using Billing.ServiceDefaults.UsagePath;

namespace Billing.Ingestion.Usage;

/// <summary>Takes CloudEvents, structured or binary, that platform services put on the raw topic.</summary>
public sealed class TakeRawUsage(AcceptUsage accept) : IRawHandler
{
    private const string Prefix = "ce_", ContentType = "content-type";

    public string Topic => Topics.RawUsage;

    public Task Apply(RawBatch batch, CancellationToken cancellation) =>
        accept.Apply(KafkaArrivals.Of(batch, Read), batch.Transaction, batch.Now, cancellation);

    object IRawHandler.Read(RawMessage message) => Read(message);

    public static Arrival Read(RawMessage message)
    {
        var isBinary = false;
        foreach (var header in message.Headers) isBinary |= header.Key == "ce_specversion";
        var reading = isBinary ? ReadBinary(message) : ReadCloudEvent.One(message.Body.Span);
        return KafkaArrivals.Of(message, UsageVia.Kafka, reading, areHeadersPart: isBinary);
    }

    private static UsageReading ReadBinary(RawMessage message)
    {
        var contentType = message.Headers.LastOrDefault(header => header.Key == ContentType).Value;
        var attributes =
            from header in message.Headers
            where header.Key.StartsWith(Prefix, StringComparison.Ordinal)
            select KeyValuePair.Create(header.Key[Prefix.Length..], (ReadOnlyMemory<byte>)header.Value);
        return ReadBinaryEvent.Read(attributes, contentType, message.Body.Span);
    }
}

/// <summary>Takes what the platform's limiter says is over a quota already.</summary>
public sealed class TakeQuotaExceeded(AcceptUsage accept) : IRawHandler
{
    public string Topic => Topics.QuotaExceeded;

    public Task Apply(RawBatch batch, CancellationToken cancellation) =>
        accept.Apply(KafkaArrivals.Of(batch, Read), batch.Transaction, batch.Now, cancellation);

    object IRawHandler.Read(RawMessage message) => Read(message);

    public static Arrival Read(RawMessage message) => KafkaArrivals.Of(
        message, UsageVia.QuotaExceeded, ReadQuotaExceeded.Read(message.Body.Span), areHeadersPart: false);
}

/// <summary>What Kafka knows of a message, beside what it says.</summary>
internal static class KafkaArrivals
{
    public static Arrival[] Of(RawBatch batch, Func<RawMessage, Arrival> read)
    {
        var arrivals = new Arrival[batch.Messages.Count];
        for (var place = 0; place < arrivals.Length; place++)
            arrivals[place] = batch.Messages[place].Reading as Arrival ?? read(batch.Messages[place]);

        return arrivals;
    }

    public static Arrival Of(
        RawMessage message, UsageVia via, UsageReading reading, bool areHeadersPart) => new()
        {
            Original = message.Body,
            Via = via,
            Event = reading.Event,
            Refusal = reading.Refusal,
            Source = reading.Source,
            Id = reading.Id,
            Partition = message.Partition,
            Offset = message.Offset,
            Headers = areHeadersPart || reading.Event is null ? Spell(message.Headers) : null,
            Trace = Trace(message.Headers),
        };

    private static string? Spell(IReadOnlyList<KeyValuePair<string, byte[]>> headers) => headers.Count == 0
        ? null
        : JsonSerializer.Serialize(headers.Select(
            header => new[] { header.Key, Convert.ToBase64String(header.Value ?? []) }));

    // Only what looks like one: it travels on with the fact.
    private static string? Trace(IReadOnlyList<KeyValuePair<string, byte[]>> headers)
    {
        foreach (var (name, value) in headers)
            if (name == FactHeaders.TraceParent && value is { Length: 55 } && Ascii.IsValid(value))
                return Encoding.ASCII.GetString(value);

        return null;
    }
}
