using System.Collections.Concurrent;
using Marten.Documents;
using Marten.Events;
using Marten.Events.Aggregation;

namespace Marten;

/// <summary>What every session of one store shares.</summary>
internal sealed class StoreParts
{
    private readonly ConcurrentDictionary<Type, object> aggregators = new();
    private readonly ConcurrentDictionary<Type, DocumentTable> tables = new();
    private readonly ConcurrentDictionary<string, Type> aggregateTypes = new();

    public StoreParts(StoreOptions options)
    {
        Options = options;
        Names = new(options.Events.DatabaseSchemaName, options.DatabaseSchemaName);
        Reader = new(options);
        Append = new(this);
        Copy = new(this);
        Recent = new(options);
        foreach (var source in options.Projections.Sources)
        {
            if (source.Projection is IStoresDocuments stores) StreamTypeName(stores.DocumentType);
        }

        foreach (var type in options.Schema.Aliases.Keys) Table(type);
    }

    public StoreOptions Options { get; }
    public TableNames Names { get; }
    public EventReader Reader { get; }
    public AppendStatement Append { get; }
    public AppendCopy Copy { get; }
    public RecentEvents Recent { get; }

    /// <summary>Somebody has committed events through this store.</summary>
    public Signal Appended { get; } = new();

    public IAggregator<T> Aggregator<T>()
        where T : class =>
        (IAggregator<T>)aggregators.GetOrAdd(
            typeof(T), _ => Options.Projections.AggregatorOf<T>() ?? new SnapshotProjection<T>());

    /// <summary>Every document type that somebody has registered or used.</summary>
    public ICollection<DocumentTable> Tables => tables.Values;

    public DocumentTable Table(Type type) =>
        tables.GetOrAdd(type, made => new(
            made, Names.Documents, Options.Schema.Aliases.GetValueOrDefault(made)));

    /// <summary>How a stream's type is stored: the class name in lower case.</summary>
    public string? StreamTypeName(Type? type)
    {
        if (type is null) return null;

        var name = DocumentTable.Alias(type);
        aggregateTypes.TryAdd(name, type);

        return name;
    }

    public Type? AggregateType(string name) => aggregateTypes.GetValueOrDefault(name);
}

/// <summary>Quoted names of the tables.</summary>
internal sealed class TableNames(string events, string documents)
{
    public string EventSchema => events;
    public string DocumentSchema => documents;
    public string Events { get; } = $"{Quote(events)}.mt_events";
    public string Streams { get; } = $"{Quote(events)}.mt_streams";
    public string Sequence { get; } = $"{Quote(events)}.mt_events_sequence";
    public string Progression { get; } = $"{Quote(events)}.mt_event_progression";
    public string Documents { get; } = $"{Quote(documents)}.mt_doc_";

    public static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}

/// <summary>Wakes who waits for it, once for any number of calls.</summary>
internal sealed class Signal
{
    private TaskCompletionSource waiting = New();

    public void Set() => Interlocked.Exchange(ref waiting, New()).TrySetResult();

    /// <summary>Taken before looking, so that what happens while looking is not missed.</summary>
    public Task Next => Volatile.Read(ref waiting).Task;

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
