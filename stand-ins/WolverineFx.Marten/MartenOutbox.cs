using Marten;
using Wolverine.Runtime;

namespace Wolverine.Marten;

/// <summary>
/// A bus whose messages are written with a session's changes and begin to be handled when these are
/// committed: those of the scope's own session, until another is enrolled. A session that never saves sends
/// nothing.
/// </summary>
public interface IMartenOutbox : IMessageBus
{
    /// <summary>Whose changes the messages go with from here on.</summary>
    IDocumentSession? Session { get; }

    void Enroll(IDocumentSession session);
}

internal sealed class MartenOutbox : IMartenOutbox
{
    private readonly MessageContext context;

    public MartenOutbox(IWolverineRuntime runtime, MessageContext scope, IDocumentSession session)
    {
        context = new(runtime);
        if (scope.Envelope is { } handled) context.Begin(handled);
        Enroll(session);
    }

    public IDocumentSession? Session { get; private set; }

    public string? TenantId
    {
        get => context.TenantId;
        set => context.TenantId = value;
    }

    public void Enroll(IDocumentSession session)
    {
        Session = session;
        EnrolledSession.Enroll(session, context);
    }

    public ValueTask PublishAsync<T>(T message, DeliveryOptions? options = null) =>
        context.PublishAsync(message, options);

    public ValueTask SendAsync<T>(T message, DeliveryOptions? options = null) =>
        context.SendAsync(message, options);

    public Task InvokeAsync(
        object message, CancellationToken cancellation = default, TimeSpan? timeout = null) =>
        context.InvokeAsync(message, cancellation, timeout);

    public Task InvokeAsync(
        object message, DeliveryOptions options, CancellationToken cancellation = default,
        TimeSpan? timeout = null) => context.InvokeAsync(message, options, cancellation, timeout);

    public Task<T> InvokeAsync<T>(
        object message, CancellationToken cancellation = default, TimeSpan? timeout = null) =>
        context.InvokeAsync<T>(message, cancellation, timeout);

    public Task<T> InvokeAsync<T>(
        object message, DeliveryOptions options, CancellationToken cancellation = default,
        TimeSpan? timeout = null) => context.InvokeAsync<T>(message, options, cancellation, timeout);
}
