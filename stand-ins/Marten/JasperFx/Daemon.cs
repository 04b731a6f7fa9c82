using JasperFx.Events.Projections;

namespace JasperFx.Events.Daemon;

public enum DaemonMode
{
    Disabled,

    /// <summary>This process runs every shard, and is the only one.</summary>
    Solo,

    /// <summary>Each shard is run by one of the processes, elected by advisory locks.</summary>
    HotCold,
}

public enum AgentStatus
{
    Running,
    Stopped,

    /// <summary>Stopped by an error, which has been logged.</summary>
    Paused,
}

/// <summary>What the daemon may pass over: by default all of it, and in rebuilds nothing.</summary>
public class ErrorHandlingOptions
{
    /// <summary>An event that the projection's own code fails on, where one event can be named.</summary>
    public bool SkipApplyErrors { get; set; }

    public bool SkipSerializationErrors { get; set; }
    public bool SkipUnknownEvents { get; set; }
}

public interface IReadOnlyDaemonSettings
{
    TimeSpan FastPollingTime { get; }
    TimeSpan SlowPollingTime { get; }
    TimeSpan AgentPauseTime { get; }
    int DaemonLockId { get; }
    int LeadershipPollingTime { get; }
    DaemonMode AsyncMode { get; }
}

public class DaemonSettings : IReadOnlyDaemonSettings
{
    /// <summary>Between two looks at the event table while something is on its way.</summary>
    public TimeSpan FastPollingTime { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Between two looks while nothing happens; this process's appends are noticed.</summary>
    public TimeSpan SlowPollingTime { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long the hosted daemon leaves a paused shard alone before it tries again.</summary>
    public TimeSpan AgentPauseTime { get; set; } = TimeSpan.FromSeconds(1);

    public int DaemonLockId { get; set; } = 4444;

    /// <summary>Milliseconds between two attempts to become the one that runs a shard.</summary>
    public int LeadershipPollingTime { get; set; } = 5000;

    public DaemonMode AsyncMode { get; set; } = DaemonMode.Disabled;
}

/// <summary>One shard as it runs.</summary>
public interface ISubscriptionAgent
{
    ShardName Name { get; }
    AgentStatus Status { get; }

    /// <summary>The last sequence whose effects are committed.</summary>
    long Position { get; }
}

/// <summary>What a subscription can say about the page it is given.</summary>
public interface ISubscriptionController
{
    ShardName Name { get; }
    AsyncOptions Options { get; }
    ErrorHandlingOptions ErrorOptions { get; }

    /// <summary>Nothing of this page counts; the shard pauses.</summary>
    Task ReportCriticalFailureAsync(Exception ex);

    /// <summary>What was done up to here counts; the shard pauses.</summary>
    Task ReportCriticalFailureAsync(Exception ex, long lastProcessed);

    /// <summary>Keeps a record of an event that was passed over, with the page's transaction.</summary>
    Task RecordDeadLetterEventAsync(IEvent e, Exception ex);
}

/// <summary>Hears how far shards are, and when they start, stop and pause.</summary>
public sealed class ShardStateTracker : IObservable<ShardState>
{
    private readonly Lock gate = new();
    private readonly List<IObserver<ShardState>> observers = [];

    public long HighWaterMark { get; private set; }

    public IDisposable Subscribe(IObserver<ShardState> observer)
    {
        lock (gate) observers.Add(observer);

        return new Subscription(this, observer);
    }

    internal void Publish(ShardState state)
    {
        IObserver<ShardState>[] listeners;
        lock (gate)
        {
            if (state.ShardName == ShardState.HighWaterMark) HighWaterMark = state.Sequence;
            listeners = [.. observers];
        }

        foreach (var listener in listeners) listener.OnNext(state);
    }

    private sealed class Subscription(ShardStateTracker tracker, IObserver<ShardState> observer) : IDisposable
    {
        public void Dispose()
        {
            lock (tracker.gate) tracker.observers.Remove(observer);
        }
    }
}

/// <summary>Runs asynchronous projections and subscriptions over one database.</summary>
public interface IProjectionDaemon : IDisposable
{
    bool IsRunning { get; }
    ShardStateTracker Tracker { get; }
    long HighWaterMark();
    IReadOnlyList<ISubscriptionAgent> CurrentAgents();
    AgentStatus StatusFor(string shardName);
    bool HasAnyPaused();
    Task StartAllAsync();
    Task StopAllAsync();
    Task StartAgentAsync(string shardName, CancellationToken token);
    Task<ISubscriptionAgent> StartAgentAsync(ShardName name, CancellationToken token);
    Task StopAgentAsync(string shardName, Exception? ex = null);
    Task StopAgentAsync(ShardName shardName, Exception? ex = null);

    /// <summary>Deletes what the projection wrote and applies every event again, in transactions of a page.
    /// Writers may go on; the shard runs on afterwards if it ran before.</summary>
    Task RebuildProjectionAsync(string projectionName, CancellationToken token);

    Task RebuildProjectionAsync(string projectionName, TimeSpan shardTimeout, CancellationToken token);
    Task RebuildProjectionAsync<TView>(CancellationToken token);
    Task RebuildProjectionAsync<TView>(TimeSpan shardTimeout, CancellationToken token);

    /// <summary>Sets a subscription back and runs it on from there.</summary>
    Task RewindSubscriptionAsync(
        string subscriptionName, CancellationToken token, long? sequenceFloor = 0,
        DateTimeOffset? timestamp = null);

    /// <summary>Runs every shard up to what is committed now, and rethrows what stops one.</summary>
    Task CatchUpAsync(CancellationToken cancellation);

    Task CatchUpAsync(TimeSpan timeout, CancellationToken cancellation);

    /// <exception cref="TimeoutException">A shard is behind what was committed at the call.</exception>
    Task WaitForNonStaleData(TimeSpan timeout);

    /// <exception cref="TimeoutException">It does not run.</exception>
    Task WaitForShardToBeRunning(string shardName, TimeSpan timeout);
}
