namespace JasperFx.Events;

public enum StreamActionType
{
    /// <summary>The stream must not exist yet.</summary>
    Start,
    Append,
}

public enum StreamIdentity
{
    AsGuid,
    AsString,
}

public enum EventAppendMode
{
    /// <summary>Versions and sequence numbers are known before inline projections run.</summary>
    Rich,

    /// <summary>One round trip; the time is the database's.</summary>
    Quick,

    /// <summary>One round trip; the time is that of the store's time provider, despite the name.</summary>
    QuickWithServerTimestamps,
}

/// <summary>Events for one stream, on their way into the store.</summary>
public class StreamAction
{
    private readonly List<IEvent> events = [];

    public StreamAction(string stream, StreamActionType actionType)
    {
        ArgumentException.ThrowIfNullOrEmpty(stream);
        (Key, ActionType) = (stream, actionType);
    }

    public string Key { get; }
    public StreamActionType ActionType { get; }
    public Type? AggregateType { get; set; }
    public string TenantId { get; set; } = "*DEFAULT*";
    public IReadOnlyList<IEvent> Events => events;

    /// <summary>The version that the stream must have before; null: any.</summary>
    public long? ExpectedVersionOnServer { get; set; }

    /// <summary>The stream's version when the events are in it; 0 before they are.</summary>
    public long Version { get; set; }

    public static StreamAction Start(string streamKey, params IEvent[] events) =>
        new StreamAction(streamKey, StreamActionType.Start).AddEvents(events);

    public static StreamAction Append(string streamKey, params IEvent[] events) =>
        new StreamAction(streamKey, StreamActionType.Append).AddEvents(events);

    public StreamAction AddEvent(IEvent e)
    {
        e.StreamKey = Key;
        events.Add(e);

        return this;
    }

    public StreamAction AddEvents(IReadOnlyList<IEvent> events)
    {
        foreach (var e in events) AddEvent(e);

        return this;
    }
}

/// <summary>What is known of a stream without reading its events.</summary>
public class StreamState
{
    public StreamState()
    {
    }

    public StreamState(
        string key, long version, Type? aggregateType, DateTimeOffset lastTimestamp,
        DateTimeOffset created) =>
        (Key, Version, AggregateType, LastTimestamp, Created) =
            (key, version, aggregateType, lastTimestamp, created);

    public string Key { get; set; } = "";
    public long Version { get; set; }
    public Type? AggregateType { get; set; }
    public DateTimeOffset LastTimestamp { get; set; }
    public DateTimeOffset Created { get; set; }
    public bool IsArchived { get; set; }
}

/// <summary>The stream was not at the version that the writer expected.</summary>
public class EventStreamUnexpectedMaxEventIdException : ConcurrencyException
{
    public EventStreamUnexpectedMaxEventIdException(
        object id, Type? aggregateType, long expected, long actual)
        : base(
            $"Stream '{id}' was expected at version {expected} and is at version {actual}.",
            aggregateType,
            id) =>
        AggregateType = aggregateType;

    public EventStreamUnexpectedMaxEventIdException(string message)
        : base(message)
    {
    }

    public Type? AggregateType { get; }
}
