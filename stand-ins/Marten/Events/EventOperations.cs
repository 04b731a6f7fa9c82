using JasperFx;
using JasperFx.Events;
using Marten.Exceptions;
using Marten.Sessions;

namespace Marten.Events;

/// <summary>The streams that a session will append to.</summary>
internal sealed class EventOperations(DocumentSession session) : EventQueries(session), IEventStoreOperations
{
    private readonly DocumentSession session = session;
    private readonly Dictionary<string, StreamAction> pending = [];

    /// <summary>In the order in which they were first named.</summary>
    public List<StreamAction> Streams { get; } = [];

    public void Clear()
    {
        pending.Clear();
        Streams.Clear();
    }

    public IEvent BuildEvent(object data) => session.Parts.Options.EventOptions.Types.Wrap(data);

    public StreamAction Append(string stream, IEnumerable<object> events) =>
        Pending(stream).AddEvents([.. events.Select(BuildEvent)]);

    public StreamAction Append(string stream, params object[] events) =>
        Append(stream, (IEnumerable<object>)events);

    public StreamAction Append(string stream, long expectedVersion, params object[] events) =>
        Append(stream, expectedVersion, (IEnumerable<object>)events);

    public StreamAction Append(string stream, long expectedVersion, IEnumerable<object> events)
    {
        var action = Append(stream, events);
        action.ExpectedVersionOnServer = expectedVersion - action.Events.Count;

        return action;
    }

    public StreamAction StartStream(string streamKey, params object[] events) =>
        StartStream(streamKey, (IEnumerable<object>)events);

    public StreamAction StartStream<TAggregate>(string streamKey, params object[] events)
        where TAggregate : class => StartStream<TAggregate>(streamKey, (IEnumerable<object>)events);

    public StreamAction StartStream<TAggregate>(string streamKey, IEnumerable<object> events)
        where TAggregate : class
    {
        var action = StartStream(streamKey, events);
        action.AggregateType = typeof(TAggregate);

        return action;
    }

    public StreamAction StartStream(string streamKey, IEnumerable<object> events)
    {
        if (pending.ContainsKey(streamKey)) throw new ExistingStreamIdCollisionException(streamKey, null);

        return Add(new(streamKey, StreamActionType.Start)).AddEvents([.. events.Select(BuildEvent)]);
    }

    public Task AppendOptimistic(string streamKey, params object[] events) =>
        AppendOptimistic(streamKey, default, events);

    public async Task AppendOptimistic(string streamKey, CancellationToken token, params object[] events)
    {
        var state = await FetchStreamStateAsync(streamKey, token);
        var action = Append(streamKey, events);
        action.ExpectedVersionOnServer ??= state?.Version ?? 0;
    }

    public async Task<IEventStream<T>> FetchForWriting<T>(
        string key, CancellationToken cancellation = default)
        where T : class
    {
        var events = await FetchStreamAsync(key, token: cancellation);
        var state = await session.Parts.Aggregator<T>().Aggregate(null, key, events, session, cancellation);
        var action = Pending(key);
        action.ExpectedVersionOnServer ??= events.Count > 0 ? events[^1].Version : 0;

        return new EventStream<T>(this, action, state, cancellation);
    }

    public async Task<IEventStream<T>> FetchForWriting<T>(
        string key, long expectedVersion, CancellationToken cancellation = default)
        where T : class
    {
        var stream = await FetchForWriting<T>(key, cancellation);

        return stream.StartingVersion == expectedVersion ? stream
            : throw new ConcurrencyException(
                $"Stream '{key}' was expected at {expectedVersion} and is at {stream.StartingVersion}.",
                typeof(T), key);
    }

    private StreamAction Pending(string key) =>
        pending.TryGetValue(key, out var known) ? known : Add(new(key, StreamActionType.Append));

    private StreamAction Add(StreamAction action)
    {
        pending.Add(action.Key, action);
        Streams.Add(action);

        return action;
    }

    private sealed class EventStream<T>(
        EventOperations operations, StreamAction action, T? aggregate, CancellationToken cancellation)
        : IEventStream<T>
        where T : class
    {
        public T? Aggregate => aggregate;
        public long? StartingVersion => action.ExpectedVersionOnServer;
        public long? CurrentVersion => StartingVersion + action.Events.Count;
        public string Key => action.Key;
        public IReadOnlyList<IEvent> Events => action.Events;
        public CancellationToken Cancellation => cancellation;

        public void AppendOne(object e) => action.AddEvent(operations.BuildEvent(e));

        public void AppendMany(params object[] events) => AppendMany((IEnumerable<object>)events);

        public void AppendMany(IEnumerable<object> events)
        {
            foreach (var e in events) AppendOne(e);
        }
    }
}
