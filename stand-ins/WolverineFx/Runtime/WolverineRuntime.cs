using System.Text.Json;
using JasperFx;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Wolverine.Persistence.Durability;
using Wolverine.Runtime.Handlers;
using Wolverine.Runtime.Persistence;

namespace Wolverine.Runtime;

/// <summary>What ties queues, handlers and storage together, from the host's start to its stop.</summary>
internal sealed class WolverineRuntime : IWolverineRuntime, IHostedService, IDisposable
{
    private static readonly TimeSpan deafness = TimeSpan.FromSeconds(2);

    private readonly IReadOnlyList<IHandlerTransactions> transactions;
    private readonly ILogger logger;
    private readonly CancellationTokenSource stopping = new();
    private readonly CancellationTokenSource aborted = new();
    private readonly InMemorySchedule schedule;
    private readonly DurableStore? store;
    private DurabilityAgent? agent;
    private volatile bool started;

    public WolverineRuntime(
        WolverineOptions options, IServiceProvider services, IMessageStore storage,
        IServiceScopeFactory scopes, IEnumerable<IHandlerTransactions> transactions,
        ILogger<WolverineRuntime> logger)
    {
        (Options, Storage, this.logger) = (options, storage, logger);
        this.transactions = [.. transactions];
        Time = services.GetService<TimeProvider>() ?? TimeProvider.System;
        Ids = new(Time);
        Handlers = new(options, new(
            services.GetRequiredService<IServiceProviderIsService>(), options.Services, this.transactions));
        Types = new(options, Handlers.Chains.Select(chain => chain.MessageType));
        foreach (var chain in Handlers.Chains) TransactionsFor(chain);
        Executor = new(this, scopes, logger);
        Router = new(options, Handlers, MakeQueue);
        schedule = new(Time, envelope => Release(envelope));
        store = storage as DurableStore;
        if (store is not null) Node = new(store, options);
        if (store is not null) Owned = new();
    }

    public WolverineOptions Options { get; }
    public IMessageStore Storage { get; }
    public TimeProvider Time { get; }
    public EnvelopeIds Ids { get; }
    public HandlerGraph Handlers { get; }
    public MessageTypes Types { get; }
    public Router Router { get; }
    public Executor Executor { get; }
    public Node? Node { get; }
    public OwnedMessages? Owned { get; }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        Router.MakeAll();
        if (store is null && Router.Queues.FirstOrDefault(queue => queue.IsDurable) is { } durable)
            throw new InvalidOperationException(
                $"The queue {durable.Name} is durable, and nothing stores messages.");

        if (store is not null)
        {
            if (Options.AutoBuildMessageStorageOnStartup != AutoCreate.None)
                await Storage.Admin.MigrateAsync();

            agent = new(this, store, logger);
            await agent.Start(stopping.Token, cancellationToken);
        }

        started = true;
        foreach (var queue in Router.Queues) queue.Start(stopping.Token, aborted.Token);
        schedule.Start(stopping.Token);
    }

    /// <summary>
    /// Begins nothing more, waits for what is being handled, and leaves the rest to others.
    /// </summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        var drained = Task.WhenAll(Router.Queues.Select(queue => queue.Finish()));
        await Task.WhenAny(drained, Task.Delay(Options.Durability.DrainTimeout, cancellationToken));
        await aborted.CancelAsync();
        if (await Task.WhenAny(drained, Task.Delay(deafness, CancellationToken.None)) != drained)
            logger.LogWarning("A handler does not listen to its cancellation, and is left behind");

        if (agent is not null) await agent.Stop(cancellationToken);
        await schedule.Stop();
    }

    /// <summary>For tests: as if the process had died, as far as storage can tell.</summary>
    internal async Task Abort()
    {
        agent?.Die();
        await stopping.CancelAsync();
        await aborted.CancelAsync();
        await Task.WhenAll(Router.Queues.Select(queue => queue.Finish()));
        if (agent is not null) await agent.Ended;
    }

    public void Dispose()
    {
        stopping.Dispose();
        aborted.Dispose();
        agent?.Dispose();
    }

    public DateTimeOffset KeepUntil() => Time.GetUtcNow() + Options.Durability.KeepAfterMessageHandling;

    public bool MustStore(Envelope envelope) => QueueOf(envelope).IsDurable;

    /// <summary>Whose a durable message is to be, and in which state it is stored.</summary>
    public void Prepare(Envelope envelope)
    {
        var queue = QueueOf(envelope);
        var later = envelope.IsScheduledForLater(Time.GetUtcNow());
        envelope.Status = later ? EnvelopeStatus.Scheduled : EnvelopeStatus.Incoming;
        var full = Owned!.Count >= Options.Durability.Room && !queue.IsSequential;
        envelope.OwnerId = later || full ? 0 : Node!.Number;
        envelope.Body = EnvelopeBody.Write(envelope, Options.Json);
        if (envelope.OwnerId != 0) Owned.Await(envelope);
    }

    /// <summary>Stores the durable ones that are not stored yet.</summary>
    public async Task StoreAll(IReadOnlyList<Envelope> sent, CancellationToken cancellation)
    {
        var unstored = Unstored(sent);
        if (unstored.Count == 0) return;

        await store!.Store(unstored, cancellation);
        foreach (var envelope in unstored) envelope.WasPersistedInInbox = true;
    }

    /// <summary>What is stored, or need not be, begins to be handled when its time has come.</summary>
    public void Release(Envelope envelope)
    {
        var queue = QueueOf(envelope);
        if (!queue.IsDurable)
        {
            if (!schedule.Takes(envelope)) queue.Enqueue(envelope);
        }
        else if (envelope.Status == EnvelopeStatus.Scheduled)
        {
            // The agent of some node takes it when it is due.
        }
        else if (envelope.OwnerId != 0 && envelope.OwnerId == Node!.Number)
        {
            if (!Owned!.Has(envelope.Id)) Owned.Await(envelope);
            else if (Owned.TryQueue(envelope)) queue.Enqueue(envelope);
        }
        else
        {
            queue.HasMoreInStorage = true;
            agent?.Wake();
        }
    }

    /// <summary>Releases those that are committed; the others are forgotten.</summary>
    public async Task ReleaseWhatIsStored(IReadOnlyList<Envelope> written, CancellationToken cancellation)
    {
        var owned = written.Where(envelope => envelope.OwnerId != 0).ToList();
        if (owned.Count == 0) return;

        var stored = await store!.StillOwned(
            [.. owned.Select(envelope => envelope.Id)], Node!.Number, cancellation);
        foreach (var envelope in owned)
            if (stored.Contains(envelope.Id)) Release(envelope);
            else Owned!.Forget(envelope.Id);
    }

    /// <summary>Taken from storage by this node: into its queue.</summary>
    public void Accept(StoredEnvelope stored)
    {
        Envelope envelope;
        try
        {
            envelope = EnvelopeBody.Read(stored);
        }
        catch (Exception unreadable)
            when (unreadable is JsonException or KeyNotFoundException or FormatException
                or InvalidOperationException)
        {
            envelope = EnvelopeBody.Unreadable(stored);
            envelope.Failure = unreadable;
        }

        envelope.OwnerId = Node!.Number;
        if (Owned!.TryQueue(envelope)) Router.Find(envelope.Destination!)!.Enqueue(envelope);
    }

    /// <summary>Waits while the others may believe that this node is dead.</summary>
    public async Task<bool> MayHandle(Envelope envelope, CancellationToken cancellation)
    {
        await Node!.WaitUntilAlive(cancellation);
        return envelope.OwnerId == Node.Number && Owned!.Has(envelope.Id);
    }

    /// <exception cref="InvalidOperationException">Nobody handles it, or it cannot be read.</exception>
    public HandlerChain Unpack(Envelope envelope)
    {
        if (envelope.Message is null && envelope.Failure is { } unreadable && envelope.Unread is null)
            throw new InvalidOperationException("The stored message cannot be read.", unreadable);

        var type = envelope.Message?.GetType() ?? Types.Find(envelope.MessageType!);
        var chain = type is null ? null : Handlers.Find(type);
        if (chain is null)
            throw new InvalidOperationException($"Nobody handles {envelope.MessageType} here.");

        envelope.Message ??= envelope.Unread!.Value.Deserialize(chain.MessageType, Options.Json)
            ?? throw new InvalidOperationException("The stored message is null.");
        return chain;
    }

    public IHandlerTransactions? TransactionsFor(HandlerChain chain)
    {
        if (!chain.IsTransactional && !Options.AutoTransactions) return null;

        var asked = chain.Methods.SelectMany(method => method.Method.GetParameters())
            .Select(parameter => parameter.ParameterType).ToList();
        var fitting = transactions.FirstOrDefault(one => asked.Exists(one.IsSession));
        return fitting is null && chain.IsTransactional
            ? throw new InvalidHandlerException(
                $"{chain.Methods[0]} is transactional and takes no session that a transaction could be of.")
            : fitting;
    }

    /// <summary>Handled: that, and what was sent, become true in one transaction.</summary>
    public async Task Finish(
        LocalQueue queue, Envelope envelope, IReadOnlyList<Envelope> sent, CancellationToken cancellation)
    {
        var unstored = Unstored(sent);
        if (!queue.IsDurable || envelope.Status == EnvelopeStatus.Handled)
        {
            await Insist(() => StoreAll(sent, cancellation), cancellation);
            Owned?.Forget(envelope.Id);
        }
        else if (unstored.Count == 0)
        {
            agent!.Handled(envelope.Id);
        }
        else
        {
            await Insist(async () =>
            {
                var done = await store!.Complete(
                    envelope.Id, envelope.OwnerId, KeepUntil(), unstored, cancellation);
                if (!done) throw new NotOurMessageException(envelope.Id);
            }, cancellation);
            Owned!.Forget(envelope.Id);
        }

        foreach (var one in sent) Release(one);
        if (queue.HasMoreInStorage && queue.Waiting < Options.Durability.RecoveryBatchSize) agent?.Wake();
    }

    /// <summary>Nothing was done, and nothing will be.</summary>
    public void FinishWithout(LocalQueue queue, Envelope envelope)
    {
        if (queue.IsDurable) agent!.Handled(envelope.Id);
    }

    public async Task Later(
        LocalQueue queue, Envelope envelope, DateTimeOffset at, CancellationToken cancellation)
    {
        envelope.ScheduledTime = at;
        if (!queue.IsDurable)
        {
            Release(envelope);
            return;
        }

        await Insist(
            () => store!.Reschedule(envelope.Id, envelope.OwnerId, envelope.Attempts, at, cancellation),
            cancellation);
        Owned!.Forget(envelope.Id);
    }

    public async Task Bury(
        LocalQueue queue, Envelope envelope, Exception failure, CancellationToken cancellation)
    {
        logger.LogError(failure, "{Message} is moved to the dead letters", envelope);
        if (store is null) return;

        envelope.Body ??= EnvelopeBody.Write(envelope, Options.Json);
        await Insist(
            () => store.MoveToDeadLetters(
                envelope, queue.IsDurable ? envelope.OwnerId : 0, failure, cancellation), cancellation);
        Owned!.Forget(envelope.Id);
    }

    private LocalQueue QueueOf(Envelope envelope) => Router.Find(envelope.Destination!)!;

    private List<Envelope> Unstored(IReadOnlyList<Envelope> sent)
    {
        var unstored = sent.Where(one => MustStore(one) && !one.WasPersistedInInbox).ToList();
        foreach (var envelope in unstored) Prepare(envelope);

        return unstored;
    }

    private LocalQueue MakeQueue(string name)
    {
        var queue = new LocalQueue(name, Options.SettingsOf(name), Executor.Handle);
        if (started) queue.Start(stopping.Token, aborted.Token);
        return queue;
    }

    /// <summary>What a handler did is done; that storage does not answer now must not undo it.</summary>
    private async Task Insist(Func<Task> action, CancellationToken cancellation)
    {
        for (var pause = 100; ; pause = Math.Min(2 * pause, 5000))
        {
            try
            {
                await action();
                return;
            }
            catch (Exception failure)
                when (failure is not NotOurMessageException && !cancellation.IsCancellationRequested)
            {
                logger.LogError(
                    failure, "The storage of messages does not answer; once more in {Pause} ms", pause);
            }

            await Task.Delay(pause, cancellation);
        }
    }
}
