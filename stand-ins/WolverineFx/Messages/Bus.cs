namespace Wolverine;

/// <summary>Handles a message now, and waits.</summary>
public interface ICommandBus
{
    /// <summary>
    /// Calls the handlers here and now. Retries as the policies say (at once, or after a pause), then throws.
    /// What the handlers send is sent when they have succeeded.
    /// </summary>
    /// <exception cref="Runtime.Handlers.NoHandlerForMessageException">Nobody handles it.</exception>
    Task InvokeAsync(object message, CancellationToken cancellation = default, TimeSpan? timeout = null);

    Task InvokeAsync(
        object message, DeliveryOptions options, CancellationToken cancellation = default,
        TimeSpan? timeout = null);

    /// <summary>The handler's return value of that type, which is not sent.</summary>
    Task<T> InvokeAsync<T>(
        object message, CancellationToken cancellation = default, TimeSpan? timeout = null);

    Task<T> InvokeAsync<T>(
        object message, DeliveryOptions options, CancellationToken cancellation = default,
        TimeSpan? timeout = null);
}

/// <summary>Sends messages to the queues of this service.</summary>
public interface IMessageBus : ICommandBus
{
    /// <summary>Null for none. Inherited by everything that a message causes.</summary>
    string? TenantId { get; set; }

    /// <summary>To everybody who wants it; nobody is well too.</summary>
    ValueTask PublishAsync<T>(T message, DeliveryOptions? options = null);

    /// <exception cref="Runtime.Routing.IndeterminateRoutesException">Nobody wants it.</exception>
    ValueTask SendAsync<T>(T message, DeliveryOptions? options = null);
}

/// <summary>The bus within a handler, or within one unit of work.</summary>
public interface IMessageContext : IMessageBus
{
    string? CorrelationId { get; set; }

    /// <summary>The message being handled; null outside a handler.</summary>
    Envelope? Envelope { get; }
}

public static class MessageBusExtensions
{
    /// <summary>To be handled at that moment or as soon as possible after it.</summary>
    public static ValueTask ScheduleAsync<T>(
        this IMessageBus bus, T message, DateTimeOffset time, DeliveryOptions? options = null)
    {
        options ??= new();
        options.ScheduledTime = time;
        return bus.PublishAsync(message, options);
    }

    /// <summary>To be handled when that time has passed.</summary>
    public static ValueTask ScheduleAsync<T>(
        this IMessageBus bus, T message, TimeSpan delay, DeliveryOptions? options = null)
    {
        options ??= new();
        options.ScheduleDelay = delay;
        return bus.PublishAsync(message, options);
    }
}
