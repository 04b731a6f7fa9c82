using System.Diagnostics;
using Wolverine.Persistence.Durability;

namespace Wolverine.Runtime;

/// <summary>The running host's messaging.</summary>
public interface IWolverineRuntime
{
    WolverineOptions Options { get; }
    IMessageStore Storage { get; }
}

/// <summary>
/// One unit of work: a handler's, or a caller's own. Within a handler, what is sent is sent when the handler
/// has succeeded; enlisted in a transaction, it is stored in it and released by
/// <see cref="FlushOutgoingMessagesAsync"/> after the commit; else it is sent at once.
/// </summary>
public sealed class MessageContext : IMessageContext
{
    private readonly WolverineRuntime runtime;
    private readonly List<Envelope> outstanding = [];
    private IEnvelopeTransaction? transaction;

    public MessageContext(IWolverineRuntime runtime) => this.runtime = (WolverineRuntime)runtime;

    public string? TenantId { get; set; }
    public string? CorrelationId { get; set; }
    public Envelope? Envelope { get; private set; }
    public IMessageStore Storage => runtime.Storage;

    /// <summary>As the other, where nothing was sent before.</summary>
    internal void Enlist(IEnvelopeTransaction transaction) => this.transaction = transaction;

    /// <summary>From here on durable messages are written in this transaction.</summary>
    public async Task EnlistInOutboxAsync(IEnvelopeTransaction transaction)
    {
        this.transaction = transaction;
        foreach (var envelope in outstanding.Where(runtime.MustStore)) await Persist(envelope);
    }

    /// <summary>After the commit: what was written in the transaction begins to be handled.</summary>
    public async Task FlushOutgoingMessagesAsync()
    {
        transaction = null;
        var sent = TakeOutstanding();
        await runtime.StoreAll(sent, CancellationToken.None);
        foreach (var envelope in sent) runtime.Release(envelope);
    }

    /// <summary>After a rollback: nothing of it was sent.</summary>
    public ValueTask ClearAllAsync()
    {
        transaction = null;
        foreach (var envelope in TakeOutstanding()) runtime.Owned?.Forget(envelope.Id);

        return ValueTask.CompletedTask;
    }

    public ValueTask PublishAsync<T>(T message, DeliveryOptions? options = null) =>
        Send(message!, options, mustArrive: false);

    public ValueTask SendAsync<T>(T message, DeliveryOptions? options = null) =>
        Send(message!, options, mustArrive: true);

    public Task InvokeAsync(
        object message, CancellationToken cancellation = default, TimeSpan? timeout = null) =>
        InvokeAsync(message, new(), cancellation, timeout);

    public Task InvokeAsync(
        object message, DeliveryOptions options, CancellationToken cancellation = default,
        TimeSpan? timeout = null) =>
        runtime.Executor.Invoke(Fill(message, options), null, timeout, cancellation);

    public Task<T> InvokeAsync<T>(
        object message, CancellationToken cancellation = default, TimeSpan? timeout = null) =>
        InvokeAsync<T>(message, new(), cancellation, timeout);

    public async Task<T> InvokeAsync<T>(
        object message, DeliveryOptions options, CancellationToken cancellation = default,
        TimeSpan? timeout = null) =>
        (T)(await runtime.Executor.Invoke(Fill(message, options), typeof(T), timeout, cancellation)
            ?? throw new InvalidOperationException(
                $"The handler of {message.GetType().FullName} returned no {typeof(T).FullName}."));

    internal void Begin(Envelope envelope)
    {
        Envelope = envelope;
        TenantId = envelope.TenantId;
        CorrelationId = envelope.CorrelationId;
    }

    internal List<Envelope> TakeOutstanding()
    {
        var sent = outstanding.ToList();
        outstanding.Clear();
        return sent;
    }

    /// <summary>
    /// At the end of a handler that enlisted a transaction and did not say how it ended: only storage knows.
    /// </summary>
    internal async Task SettleForgottenTransaction(CancellationToken cancellation)
    {
        if (transaction is null) return;

        transaction = null;
        var written = outstanding.Where(envelope => envelope.WasPersistedInInbox).ToList();
        outstanding.RemoveAll(envelope => envelope.WasPersistedInInbox);
        await runtime.ReleaseWhatIsStored(written, cancellation);
    }

    private async ValueTask Send(object message, DeliveryOptions? options, bool mustArrive)
    {
        ArgumentNullException.ThrowIfNull(message);
        foreach (var queue in runtime.Router.QueuesFor(message.GetType(), mustArrive))
        {
            var envelope = Fill(message, options ?? new());
            envelope.Destination = queue.Uri;
            outstanding.Add(envelope);
            if (transaction is not null && runtime.MustStore(envelope)) await Persist(envelope);
        }

        if (transaction is null && Envelope is null) await FlushOutgoingMessagesAsync();
    }

    private async Task Persist(Envelope envelope)
    {
        if (envelope.WasPersistedInInbox) return;

        runtime.Prepare(envelope);
        await transaction!.Persist(envelope, CancellationToken.None);
        envelope.WasPersistedInInbox = true;
    }

    private Envelope Fill(object message, DeliveryOptions options)
    {
        var now = runtime.Time.GetUtcNow();
        var envelope = new Envelope(message)
        {
            Id = runtime.Ids.Next(),
            MessageType = runtime.Types.NameOf(message.GetType()),
            Source = runtime.Options.ServiceName,
            SentAt = now,
            TenantId = TenantId,
            CorrelationId = CorrelationId ?? Activity.Current?.RootId,
            ConversationId = Envelope?.Id ?? Guid.Empty,
            ParentId = Activity.Current?.Id,
        };
        options.ApplyTo(envelope, now);
        return envelope;
    }
}
