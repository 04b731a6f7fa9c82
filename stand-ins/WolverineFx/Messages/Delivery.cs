namespace Wolverine;

/// <summary>What a message may be given on its way.</summary>
public class DeliveryOptions
{
    public string? CorrelationId { get; set; }
    public string? TenantId { get; set; }

    /// <summary>After this moment the message is dropped instead of handled.</summary>
    public DateTimeOffset? DeliverBy { get; set; }

    /// <summary>Sets <see cref="DeliverBy"/>, from the moment of sending.</summary>
    public TimeSpan DeliverWithin
    {
        set => Within = value;
    }

    public Dictionary<string, string> Headers { get; } = new(StringComparer.Ordinal);

    /// <summary>Not before this moment. Wins over <see cref="ScheduleDelay"/>.</summary>
    public DateTimeOffset? ScheduledTime { get; set; }

    /// <summary>From the moment of sending.</summary>
    public TimeSpan? ScheduleDelay { get; set; }

    internal TimeSpan? Within { get; private set; }

    public DeliveryOptions WithHeader(string key, string headerValue)
    {
        Headers[key] = headerValue;
        return this;
    }

    internal void ApplyTo(Envelope envelope, DateTimeOffset now)
    {
        envelope.CorrelationId = CorrelationId ?? envelope.CorrelationId;
        envelope.TenantId = TenantId ?? envelope.TenantId;
        envelope.DeliverBy = DeliverBy ?? now + Within;
        envelope.ScheduledTime = ScheduledTime ?? now + ScheduleDelay;
        foreach (var (key, value) in Headers) envelope.Headers[key] = value;
    }
}

/// <summary>A return value that is no message, or no plain one.</summary>
public interface IWolverineReturnType;

/// <summary>A return value that is not sent.</summary>
public interface INotToBeRouted;

/// <summary>A return value that is done, not sent.</summary>
public interface ISideEffect : IWolverineReturnType, INotToBeRouted;

/// <summary>A return value that sends itself.</summary>
public interface ISendMyself : IWolverineReturnType
{
    ValueTask ApplyAsync(IMessageContext context);
}

/// <summary>A message with its options, as a return value.</summary>
public class DeliveryMessage<T>(T message, DeliveryOptions options) : ISendMyself
{
    public T Message { get; } = message;
    public DeliveryOptions Options { get; } = options;

    ValueTask ISendMyself.ApplyAsync(IMessageContext context) => context.PublishAsync(Message, Options);
}

public static class ConfiguredMessageExtensions
{
    public static DeliveryMessage<T> WithDeliveryOptions<T>(this T message, DeliveryOptions options) =>
        new(message, options);

    public static DeliveryMessage<T> DelayedFor<T>(this T message, TimeSpan delay) =>
        new(message, new() { ScheduleDelay = delay });

    public static DeliveryMessage<T> ScheduledAt<T>(this T message, DateTimeOffset time) =>
        new(message, new() { ScheduledTime = time });

    public static DeliveryMessage<T> WithTenantId<T>(this T message, string tenantId) =>
        new(message, new() { TenantId = tenantId });
}

/// <summary>What a handler sends. Sent when the handler has succeeded, in the order of the list.</summary>
public class OutgoingMessages : List<object>, IWolverineReturnType
{
    public OutgoingMessages()
    {
    }

    public OutgoingMessages(IEnumerable<object> collection)
        : base(collection)
    {
    }

    public void Add<T>(T message, DeliveryOptions options) => Add(new DeliveryMessage<T>(message, options));

    public void Delay<T>(T message, TimeSpan delay) => Add(message.DelayedFor(delay));

    public void Schedule<T>(T message, DateTimeOffset time) => Add(message.ScheduledAt(time));
}
