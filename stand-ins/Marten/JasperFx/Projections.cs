using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace JasperFx.Events.Projections;

public enum ProjectionLifecycle
{
    /// <summary>In the transaction that appends.</summary>
    Inline,

    /// <summary>By the daemon, later.</summary>
    Async,

    /// <summary>Never stored: when somebody asks.</summary>
    Live,
}

public enum SnapshotLifecycle
{
    Inline,
    Async,
}

/// <summary>The name of one progression: <c>Charges:All</c>, <c>Charges:V2:All</c>.</summary>
public class ShardName
{
    public const string All = "All";

    private const string HighWater = "HighWaterMark";

    public ShardName(string name)
        : this(name, All)
    {
    }

    public ShardName(string name, string shardKey, uint version = 1)
    {
        (Name, ShardKey, Version) = (name, shardKey, version);
        Identity = name == HighWater ? name
            : version > 1 ? $"{name}:V{version}:{shardKey}" : $"{name}:{shardKey}";
    }

    public string Name { get; }
    public string ShardKey { get; }
    public uint Version { get; }

    /// <summary>As it is kept in <c>mt_event_progression</c>.</summary>
    public string Identity { get; }

    public bool IsHighWaterMark => Name == HighWater;

    public static ShardName HighWaterMarkFor() => new(HighWater);

    public override string ToString() => Identity;

    public override bool Equals(object? obj) => obj is ShardName other && other.Identity == Identity;

    public override int GetHashCode() => Identity.GetHashCode(StringComparison.Ordinal);
}

/// <summary>How far a shard is, or what has become of it.</summary>
public class ShardState(ShardName shard, long sequence)
{
    public const string HighWaterMark = "HighWaterMark";

    public string ShardName { get; } = shard.Identity;
    public long Sequence { get; } = sequence;
    public ShardAction Action { get; init; } = ShardAction.Updated;

    /// <summary>Why it was paused.</summary>
    public Exception? Exception { get; init; }
}

public enum ShardAction
{
    Updated,
    Started,
    Stopped,
    Paused,
}

/// <summary>How a projection or subscription is run by the daemon.</summary>
public class AsyncOptions
{
    internal List<string> TablesToEmpty { get; } = [];
    internal List<Type> ViewsToEmpty { get; } = [];

    /// <summary>Where a shard without progress starts, asked with the high-water mark; null: at 0.</summary>
    internal Func<StartQuestion, Task<long>>? Start { get; private set; }

    /// <summary>Events in one transaction.</summary>
    public int BatchSize { get; set; } = 500;

    public bool TeardownDataOnRebuild { get; set; } = true;

    /// <summary>What a rebuild deletes first. A name, with its schema if that is not the store's.</summary>
    public void DeleteDataInTableOnTeardown(string tableIdentifier) => TablesToEmpty.Add(tableIdentifier);

    public void DeleteViewTypeOnTeardown<T>() => DeleteViewTypeOnTeardown(typeof(T));

    public void DeleteViewTypeOnTeardown(Type type) => ViewsToEmpty.Add(type);

    /// <summary>Without progress, it starts at the high-water mark of that moment.</summary>
    public AsyncOptions SubscribeFromPresent()
    {
        Start = question => Task.FromResult(question.HighWaterMark);
        return this;
    }

    public AsyncOptions SubscribeFromSequence(long sequenceFloor)
    {
        Start = _ => Task.FromResult(sequenceFloor);
        return this;
    }

    public AsyncOptions SubscribeFromTime(DateTimeOffset eventTimestampFloor)
    {
        Start = question => question.FloorAt(eventTimestampFloor);
        return this;
    }

    internal sealed record StartQuestion(long HighWaterMark, Func<DateTimeOffset, Task<long>> FloorAt);
}

/// <summary>Which events it wants; none named: all of them.</summary>
public abstract class EventFilterable
{
    internal List<Type> IncludedEventTypes { get; } = [];

    /// <summary>With a first call, only the types named are read.</summary>
    public void IncludeType<T>() => IncludedEventTypes.Add(typeof(T));

    public void IncludeType(Type type) => IncludedEventTypes.Add(type);
}

public abstract class ProjectionBase : EventFilterable
{
    protected ProjectionBase() => Name = GetType().Name;

    /// <summary>Its progress is kept under this name.</summary>
    public string Name { get; set; }

    /// <summary>Another version is another progress, from the start.</summary>
    public uint Version { get; set; } = 1;

    public ProjectionLifecycle Lifecycle { get; set; } = ProjectionLifecycle.Async;

    public AsyncOptions Options { get; } = new();

    public ILogger Logger { get; set; } = NullLogger.Instance;
}

/// <summary>A page of events for a subscription: above the floor, up to and with the ceiling.</summary>
public class EventRange(ShardName shardName, long floor, long ceiling)
{
    public ShardName ShardName { get; } = shardName;
    public long SequenceFloor { get; } = floor;
    public long SequenceCeiling { get; } = ceiling;
    public int Size => Events.Count;

    [System.Diagnostics.CodeAnalysis.SuppressMessage("Usage", "CA2227", Justification = "The real shape.")]
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1002", Justification = "The real shape.")]
    public List<IEvent> Events { get; set; } = [];
}

/// <summary>What projections are applied by, for one kind of store.</summary>
public interface IJasperFxProjection<in TOperations>
{
    /// <summary>Applies events in the order of their sequence, a whole page or a whole transaction.</summary>
    Task ApplyAsync(
        TOperations operations, IReadOnlyList<IEvent> events, CancellationToken cancellation);
}
