namespace Billing.Ingestion.Usage;

/// <summary>One event as it came in, read but not judged; what <see cref="AcceptUsage"/> takes.</summary>
public sealed class Arrival
{
    /// <summary>The bytes as received: of the one event, not of the batch it came in.</summary>
    public required ReadOnlyMemory<byte> Original { get; init; }

    public required UsageVia Via { get; init; }

    /// <summary>Null where it could not be read; then there is a <see cref="Refusal"/>.</summary>
    public UsageEvent? Event
    {
        get;
        init
        {
            field = value;
            if (value is not null) Digest = ContentDigest.Of(value);
        }
    }

    /// <summary>Of the event's content, where there is an event.</summary>
    public Guid Digest { get; private init; }

    public Refusal? Refusal { get; init; }

    /// <summary>Of a refused one, as far as they could be read.</summary>
    public string? Source { get; init; }

    public string? Id { get; init; }

    /// <summary>Of Kafka; null on other ways.</summary>
    public int? Partition { get; init; }

    public long? Offset { get; init; }

    /// <summary>
    /// Headers that belong to the event, as JSON: <c>[[name, base64], …]</c>; null where the bytes are all.
    /// </summary>
    public string? Headers { get; init; }

    /// <summary>Over HTTP the id of the API key, else the subject of the token.</summary>
    public string? SentBy { get; init; }

    /// <summary>W3C traceparent of what brought it.</summary>
    public string? Trace { get; init; }
}

/// <summary>How an event is called in the row of its key.</summary>
/// <param name="SourceId">In usage_sources.</param>
public readonly record struct UsageKey(int SourceId, string Id)
{
    /// <summary>The order in which all transactions lock keys.</summary>
    public static readonly Comparison<UsageKey> Order = (left, right) => left.SourceId != right.SourceId
        ? left.SourceId.CompareTo(right.SourceId)
        : string.CompareOrdinal(left.Id, right.Id);
}
