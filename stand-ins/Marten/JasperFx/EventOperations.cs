namespace JasperFx.Events;

/// <summary>Reading streams and events.</summary>
public interface IQueryEventStore
{
    /// <summary>The events of a stream in order; empty when there is no such stream.</summary>
    /// <param name="version">The last version to read; 0: all.</param>
    /// <param name="timestamp">Nothing that was recorded after this moment.</param>
    /// <param name="fromVersion">The first version to read.</param>
    Task<IReadOnlyList<IEvent>> FetchStreamAsync(
        string streamKey, long version = 0, DateTimeOffset? timestamp = null, long fromVersion = 0,
        CancellationToken token = default);

    /// <summary>What the events of a stream add up to; null when there are none.</summary>
    Task<T?> AggregateStreamAsync<T>(
        string streamKey, long version = 0, DateTimeOffset? timestamp = null, T? state = null,
        long fromVersion = 0, CancellationToken token = default)
        where T : class;

    Task<StreamState?> FetchStreamStateAsync(string streamKey, CancellationToken token = default);

    /// <summary>One event by its own id; null when there is none, or when it is of another type.</summary>
    Task<IEvent<T>?> LoadAsync<T>(Guid id, CancellationToken token = default)
        where T : class;

    Task<IEvent?> LoadAsync(Guid id, CancellationToken token = default);
}

/// <summary>Appending events. Nothing is written before the session saves its changes.</summary>
public interface IEventOperations
{
    StreamAction Append(string stream, IEnumerable<object> events);
    StreamAction Append(string stream, params object[] events);

    /// <param name="expectedVersion">The stream's version <em>after</em> these events.</param>
    StreamAction Append(string stream, long expectedVersion, IEnumerable<object> events);

    StreamAction Append(string stream, long expectedVersion, params object[] events);
    StreamAction StartStream(string streamKey, IEnumerable<object> events);
    StreamAction StartStream(string streamKey, params object[] events);

    StreamAction StartStream<TAggregate>(string streamKey, IEnumerable<object> events)
        where TAggregate : class;

    StreamAction StartStream<TAggregate>(string streamKey, params object[] events)
        where TAggregate : class;
}

public interface IEventStoreOperations : IEventOperations, IQueryEventStore
{
    /// <summary>Wraps a fact, to give it an id, headers or a time of its own.</summary>
    IEvent BuildEvent(object data);

    /// <summary>Appends only if the stream has not moved between this call and saving.</summary>
    Task AppendOptimistic(string streamKey, CancellationToken token, params object[] events);

    Task AppendOptimistic(string streamKey, params object[] events);

    /// <summary>A stream's state, to decide on; what is appended to it needs the stream unmoved.</summary>
    Task<IEventStream<T>> FetchForWriting<T>(string key, CancellationToken cancellation = default)
        where T : class;

    /// <exception cref="ConcurrencyException">The stream is at another version already.</exception>
    Task<IEventStream<T>> FetchForWriting<T>(
        string key, long expectedVersion, CancellationToken cancellation = default)
        where T : class;
}

/// <summary>A stream that was read to be written.</summary>
public interface IEventStream<out T>
{
    T? Aggregate { get; }

    /// <summary>The version it was read at; 0: there was no such stream.</summary>
    long? StartingVersion { get; }

    /// <summary>The version with what was appended here.</summary>
    long? CurrentVersion { get; }

    string Key { get; }
    IReadOnlyList<IEvent> Events { get; }
    CancellationToken Cancellation { get; }
    void AppendOne(object e);
    void AppendMany(params object[] events);
    void AppendMany(IEnumerable<object> events);
}
