using System.Collections.Concurrent;
using System.Diagnostics;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Microsoft.Extensions.Logging;
using Source = Marten.Events.Projections.ProjectionOptions.Source;

namespace Marten.AsyncDaemon;

/// <summary>The shards of one process over one database, and the high-water mark that they follow.</summary>
internal sealed partial class ProjectionDaemon(DocumentStore store, ILogger logger) : IProjectionDaemon
{
    // A look costs two round trips: often enough for people, seldom enough for the database.
    private static readonly TimeSpan shortest = TimeSpan.FromMilliseconds(15);

    private readonly ConcurrentDictionary<string, ShardAgent> agents = new();
    private readonly SemaphoreSlim changing = new(1, 1);
    private readonly HighWater highWater = new(store.Parts);
    private readonly Signal marked = new();
    private CancellationTokenSource? stopping;
    private Task watching = Task.CompletedTask;
    private bool disposed;

    public ShardStateTracker Tracker { get; } = new();
    public bool IsRunning => agents.Values.Any(agent => agent.Status == AgentStatus.Running);

    private IEnumerable<Source> Continuous => store.Parts.Options.Projections.Sources
        .Where(source => source.Settings.Lifecycle == ProjectionLifecycle.Async);

    public long HighWaterMark() => highWater.Mark;

    public IReadOnlyList<ISubscriptionAgent> CurrentAgents() => [.. agents.Values];

    public ShardAgent? Agent(string shardName) => agents.GetValueOrDefault(shardName);

    public AgentStatus StatusFor(string shardName) => Agent(shardName)?.Status ?? AgentStatus.Stopped;

    public bool HasAnyPaused() => agents.Values.Any(agent => agent.Status == AgentStatus.Paused);

    public async Task StartAllAsync()
    {
        foreach (var source in Continuous) await StartAgentAsync(source.Shard, default);
    }

    public Task StartAgentAsync(string shardName, CancellationToken token) =>
        Start(Find(source => source.Shard.Identity == shardName, shardName), token);

    public Task<ISubscriptionAgent> StartAgentAsync(ShardName name, CancellationToken token) =>
        Start(Find(source => source.Shard.Equals(name), name.Identity), token);

    public Task StopAgentAsync(ShardName shardName, Exception? ex = null) =>
        StopAgentAsync(shardName.Identity, ex);

    public async Task StopAgentAsync(string shardName, Exception? ex = null)
    {
        await changing.WaitAsync();
        try
        {
            if (Agent(shardName) is { } agent) await agent.Stop();
        }
        finally
        {
            changing.Release();
        }
    }

    public async Task StopAllAsync()
    {
        await changing.WaitAsync();
        try
        {
            await Task.WhenAll(agents.Values.Select(agent => agent.Stop()));
            foreach (var agent in agents.Values) agent.Dispose();
            agents.Clear();
            await StopWatching();
        }
        finally
        {
            changing.Release();
        }
    }

    public Task RebuildProjectionAsync(string projectionName, CancellationToken token) =>
        RebuildProjectionAsync(projectionName, Timeout.InfiniteTimeSpan, token);

    public Task RebuildProjectionAsync<TView>(CancellationToken token) =>
        RebuildProjectionAsync<TView>(Timeout.InfiniteTimeSpan, token);

    public Task RebuildProjectionAsync(
        string projectionName, TimeSpan shardTimeout, CancellationToken token) =>
        Rebuild(Find(source => source.Settings.Name == projectionName, projectionName), shardTimeout, token);

    public Task RebuildProjectionAsync<TView>(TimeSpan shardTimeout, CancellationToken token) => Rebuild(
        Find(
            source => source.Type == typeof(TView)
                || (source.Projection as Events.Aggregation.IStoresDocuments)?.DocumentType == typeof(TView),
            typeof(TView).Name),
        shardTimeout,
        token);

    public async Task RewindSubscriptionAsync(
        string subscriptionName, CancellationToken token, long? sequenceFloor = 0,
        DateTimeOffset? timestamp = null)
    {
        var source = Find(source => source.Settings.Name == subscriptionName, subscriptionName);
        await store.EnsureSchema(token);
        await StopAgentAsync(source.Shard);
        var progress = new Progress(store.Parts);
        var floor = timestamp is { } moment
            ? await progress.FloorAt(moment, await highWater.Detect(token), token) : sequenceFloor ?? 0;
        await progress.Set(source.Shard, floor, token);
        await Start(source, token);
    }

    public Task CatchUpAsync(CancellationToken cancellation) =>
        CatchUpAsync(Timeout.InfiniteTimeSpan, cancellation);

    public async Task CatchUpAsync(TimeSpan timeout, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(timeout);
        await store.EnsureSchema(limit.Token);
        var target = await Settled(limit.Token);
        foreach (var source in Continuous)
        {
            await StopAgentAsync(source.Shard);
            using var agent = New(source);
            await agent.CatchUp(target, rebuilding: false, limit.Token);
        }
    }

    public Task WaitForNonStaleData(TimeSpan timeout) => Waiting.ForShards(store, timeout);

    public Task WaitForShardToBeRunning(string shardName, TimeSpan timeout) => Waiting.Until(
        () => Task.FromResult(StatusFor(shardName) == AgentStatus.Running), timeout, $"{shardName} rests");

    public void Dispose()
    {
        // A container disposes what it knows by two names twice.
        if (Interlocked.Exchange(ref disposed, true)) return;

        StopAllAsync().GetAwaiter().GetResult();
        highWater.Dispose();
        changing.Dispose();
    }

    private async Task<ISubscriptionAgent> Start(Source source, CancellationToken token)
    {
        await store.EnsureSchema(token);
        await changing.WaitAsync(token);
        try
        {
            var name = source.Shard.Identity;
            if (Agent(name) is { Status: AgentStatus.Running } runs) return runs;

            Watch();
            var agent = New(source);
            await agent.Start(token);
            if (Agent(name) is { } before) before.Dispose();
            agents[name] = agent;

            return agent;
        }
        finally
        {
            changing.Release();
        }
    }

    private ShardAgent New(Source source) => new(store, source, highWater, marked, Tracker, logger);

    private Source Find(Func<Source, bool> wanted, string name) =>
        store.Parts.Options.Projections.Sources.FirstOrDefault(wanted)
        ?? throw new ArgumentOutOfRangeException(
            nameof(name), name, "No projection or subscription has this name.");

    private async Task Rebuild(Source source, TimeSpan timeout, CancellationToken token)
    {
        if (source.Projection is null)
            throw new ArgumentException($"{source.Shard} is a subscription: it is rewound, not rebuilt.");

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(token);
        limit.CancelAfter(timeout);
        await store.EnsureSchema(limit.Token);
        // A shard that is known and stopped is left alone by whoever starts what is missing.
        var ran = StatusFor(source.Shard.Identity) != AgentStatus.Stopped;
        agents.TryAdd(source.Shard.Identity, New(source));
        await StopAgentAsync(source.Shard);
        await new Teardown(store.Parts).Run(source, limit.Token);
        using var agent = New(source);
        await agent.CatchUp(await Settled(limit.Token), rebuilding: true, limit.Token);
        if (source.Settings.Lifecycle == ProjectionLifecycle.Inline)
            await new Teardown(store.Parts).Forget(source);
        if (ran) await Start(source, token);
    }

    /// <summary>The mark, when it has come up to what is committed now.</summary>
    private async Task<long> Settled(CancellationToken token)
    {
        var last = await new Progress(store.Parts).LastCommitted(token);
        while (await highWater.Detect(token) < last) await Task.Delay(shortest, token);

        return highWater.Mark;
    }

    private void Watch()
    {
        if (stopping is not null) return;

        stopping = new();
        store.Parts.Recent.Wanted = true;
        watching = Task.Run(() => Look(stopping.Token), CancellationToken.None);
    }

    private async Task StopWatching()
    {
        if (stopping is null) return;

        await stopping.CancelAsync();
        await watching;
        stopping.Dispose();
        stopping = null;
        store.Parts.Recent.Wanted = false;
    }

    private async Task Look(CancellationToken token)
    {
        var settings = store.Parts.Options.Projections;
        var (known, stored, pause) = (-1L, -1L, shortest);
        var storedAt = 0L;
        while (!token.IsCancellationRequested)
        {
            var appended = store.Parts.Appended.Next;
            try
            {
                var mark = await highWater.Detect(token);
                pause = mark != known ? shortest
                    : highWater.Unsettled ? Shorter(pause * 2, settings.FastPollingTime)
                    : settings.SlowPollingTime;
                if (mark != known) Announce(known = mark);
                if (!agents.IsEmpty) store.Parts.Recent.Forget(agents.Values.Min(agent => agent.Position));
                if (mark != stored && (!highWater.Unsettled || Due(storedAt, settings.FastPollingTime)))
                {
                    await highWater.Store(token);
                    (stored, storedAt) = (mark, Stopwatch.GetTimestamp());
                }
            }
            catch (Exception) when (token.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                // Without a mark every shard stands still, so this goes on whatever happens.
                LookingFailed(logger, failure);
                pause = settings.SlowPollingTime;
            }

            await Rest(appended, pause, token);
        }
    }

    private void Announce(long mark)
    {
        Tracker.Publish(new(ShardName.HighWaterMarkFor(), mark));
        marked.Set();
    }

    /// <summary>A commit of this process ends the pause early, though not before the shortest one.</summary>
    private static async Task Rest(Task appended, TimeSpan pause, CancellationToken token)
    {
        try
        {
            await Task.Delay(shortest, token);
            if (pause > shortest) await appended.WaitAsync(pause - shortest, token);
        }
        catch (Exception over) when (over is TimeoutException or OperationCanceledException)
        {
            // Time to look again, or to end.
        }
    }

    private static TimeSpan Shorter(TimeSpan left, TimeSpan right) => left < right ? left : right;

    private static bool Due(long last, TimeSpan every) => Stopwatch.GetElapsedTime(last) > every;

    [LoggerMessage(Level = LogLevel.Error, Message = "Looking for the high-water mark failed; it goes on")]
    private static partial void LookingFailed(ILogger logger, Exception failure);
}
