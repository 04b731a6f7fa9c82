using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Wolverine.Runtime.Persistence;

namespace Wolverine.Runtime;

/// <summary>
/// Looks after stored messages: says that this node lives, takes what is due or nobody's, marks what is
/// handled, brings back what was lost on the way, forgets what is old.
/// </summary>
internal sealed class DurabilityAgent(WolverineRuntime runtime, DurableStore store, ILogger logger)
    : IDisposable
{
    private const int MarkedAtOnce = 500;

    private readonly DurabilitySettings settings = runtime.Options.Durability;
    private readonly Node node = runtime.Node!;
    private readonly OwnedMessages owned = runtime.Owned!;
    private readonly Channel<Guid> handled = Channel.CreateUnbounded<Guid>();
    private readonly SemaphoreSlim wake = new(0, 1);
    private readonly SemaphoreSlim claims = new(1, 1);
    private readonly List<Task> loops = [];
    private readonly HashSet<string> unknown = [];
    private Task marking = Task.CompletedTask;
    private volatile bool dead;

    public Task Ended => Task.WhenAll([.. loops, marking]);

    public async Task Start(CancellationToken stopping, CancellationToken cancellation)
    {
        await node.Join(settings.Mode == DurabilityMode.Solo, cancellation);
        marking = Task.Run(Mark, CancellationToken.None);
        Loop("heartbeat", settings.HealthCheckPollingTime, TimeSpan.Zero, Live, stopping);
        if (!settings.DurabilityAgentEnabled) return;

        Loop(
            "schedule", settings.ScheduledJobPollingTime, settings.ScheduledJobFirstExecution, TakeDue,
            stopping);
        Loop("recovery", settings.NodeReassignmentPollingTime, TimeSpan.Zero, Recover, stopping);
        Loop("search", settings.Patience, settings.Patience, FindLost, stopping);
        Loop("cleanup", settings.HandledMessageCleanupPollingTime, TimeSpan.Zero, Forget, stopping);
    }

    /// <summary>Marked soon, many at a time.</summary>
    public void Handled(Guid id) => handled.Writer.TryWrite(id);

    /// <summary>There may be messages without an owner.</summary>
    public void Wake()
    {
        try
        {
            if (wake.CurrentCount == 0) wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // Somebody else was faster.
        }
    }

    /// <summary>After the queues have finished.</summary>
    public async Task Stop(CancellationToken cancellation)
    {
        handled.Writer.TryComplete();
        await Ended.WaitAsync(cancellation);
        await node.Leave(cancellation);
        owned.ForgetAll();
    }

    public void Die()
    {
        dead = true;
        handled.Writer.TryComplete();
    }

    public void Dispose()
    {
        wake.Dispose();
        claims.Dispose();
    }

    private void Loop(
        string name, TimeSpan every, TimeSpan first, Func<CancellationToken, Task> work,
        CancellationToken stopping) => loops.Add(Task.Run(async () =>
        {
            try
            {
                await Task.Delay(first, stopping);
                while (true)
                {
                    await Try(name, work, stopping);
                    if (name == "recovery") await wake.WaitAsync(every, stopping);
                    else await Task.Delay(every, stopping);
                }
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                // The end.
            }
        }, CancellationToken.None));

    private async Task Try(string name, Func<CancellationToken, Task> work, CancellationToken stopping)
    {
        try
        {
            await work(stopping);
        }
        catch (Exception failure) when (!stopping.IsCancellationRequested)
        {
            logger.LogError(failure, "The {Work} of stored messages failed, and is tried again", name);
        }
    }

    private async Task Live(CancellationToken cancellation)
    {
        if (await node.SayAlive(cancellation)) return;

        logger.LogWarning("Node {Number} was declared dead; it joins again", node.Number);
        await claims.WaitAsync(cancellation);
        try
        {
            owned.ForgetAll();
            await node.Join(alone: false, cancellation);
        }
        finally
        {
            claims.Release();
        }
    }

    private async Task TakeDue(CancellationToken cancellation)
    {
        while (true)
        {
            var queues = runtime.Router.Queues.Where(queue => queue.IsDurable && queue.Waiting < settings.Room)
                .Select(queue => queue.Uri.ToString()).ToList();
            var due = await Claim(
                () => store.TakeDue(
                    runtime.Time.GetUtcNow(), queues, node.Number, settings.RecoveryBatchSize, cancellation),
                cancellation);
            if (due < settings.RecoveryBatchSize) return;
        }
    }

    private async Task Recover(CancellationToken cancellation)
    {
        var freed = await store.FreeOrphans(node.Id, settings.StaleNodeTimeout, cancellation);
        if (freed > 0) logger.LogWarning("{Count} messages of dead nodes are taken over", freed);
        await store.Replay(settings.RecoveryBatchSize, cancellation);

        foreach (var uri in await store.QueuesWithWork(cancellation))
            if (runtime.Router.Find(new(uri)) is { } queue) await Fill(queue, uri, cancellation);
            else if (unknown.Add(uri))
                logger.LogWarning("Messages wait for {Queue}, a queue that this version does not have", uri);
    }

    private async Task Fill(LocalQueue queue, string uri, CancellationToken cancellation)
    {
        queue.HasMoreInStorage = true;
        while (queue.Waiting < settings.Room)
        {
            var taken = await Claim(
                () => store.TakeFree(uri, node.Number, settings.RecoveryBatchSize, cancellation),
                cancellation);
            if (taken == settings.RecoveryBatchSize) continue;

            queue.HasMoreInStorage = false;
            return;
        }
    }

    /// <summary>Taking and knowing what was taken are one step for <see cref="FindLost"/>.</summary>
    private async Task<int> Claim(
        Func<Task<IReadOnlyList<StoredEnvelope>>> take, CancellationToken cancellation)
    {
        await claims.WaitAsync(cancellation);
        try
        {
            if (node.Number == 0) return 0;

            var taken = await take();
            foreach (var stored in taken) runtime.Accept(stored);

            return taken.Count;
        }
        finally
        {
            claims.Release();
        }
    }

    private async Task FindLost(CancellationToken cancellation)
    {
        await claims.WaitAsync(cancellation);
        try
        {
            await runtime.ReleaseWhatIsStored(owned.AwaitedFor(settings.Patience), cancellation);
            var stored = await store.OwnedBy(node.Number, cancellation);
            var lost = stored.Where(id => !owned.Has(id)).ToList();
            if (lost.Count == 0) return;

            logger.LogWarning("{Count} stored messages were never released", lost.Count);
            await store.Free(lost, node.Number, cancellation);
        }
        finally
        {
            claims.Release();
        }
    }

    private async Task Forget(CancellationToken cancellation)
    {
        while (await store.ForgetHandled(
            runtime.Time.GetUtcNow(), settings.HandledMessageCleanupBatchSize, cancellation)
            == settings.HandledMessageCleanupBatchSize)
            cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>Until the last handler has ended; the storage may be away for a while.</summary>
    private async Task Mark()
    {
        var batch = new List<Guid>(MarkedAtOnce);
        while (await handled.Reader.WaitToReadAsync(CancellationToken.None))
        {
            while (batch.Count < MarkedAtOnce && handled.Reader.TryRead(out var id)) batch.Add(id);
            while (!dead)
            {
                try
                {
                    await store.MarkHandled(batch, node.Number, runtime.KeepUntil(), CancellationToken.None);
                    break;
                }
                catch (Exception failure)
                {
                    logger.LogError(
                        failure, "{Count} handled messages cannot be marked; once more", batch.Count);
                    await Task.Delay(TimeSpan.FromMilliseconds(500));
                    if (handled.Reader.Completion.IsCompleted && handled.Reader.Count == 0) return;
                }
            }

            foreach (var id in batch) owned.Forget(id);
            batch.Clear();
        }
    }
}
