using System.Text.Json;

namespace Wolverine;

/// <summary>Where a stored message stands.</summary>
public enum EnvelopeStatus
{
    Outgoing,

    /// <summary>Waits for its time; no node has it.</summary>
    Scheduled,

    /// <summary>To be handled by the node that owns it, or by the first that takes it.</summary>
    Incoming,

    /// <summary>Done. Kept for a while, then forgotten.</summary>
    Handled,
}

/// <summary>A message and what is known of it.</summary>
public class Envelope
{
    public Envelope()
    {
    }

    public Envelope(object message) => Message = message;

    public Guid Id { get; set; }

    /// <summary>Null until the bytes have been read.</summary>
    public object? Message { get; set; }

    /// <summary>The name that the message goes by in storage: its alias, else its type's full name.</summary>
    public string? MessageType { get; set; }

    /// <summary>The queue, as <c>local://name</c>.</summary>
    public Uri? Destination { get; set; }

    /// <summary>How often it was begun to be handled, this time included.</summary>
    public int Attempts { get; set; }

    /// <summary>The number of the node that has it; 0 for none.</summary>
    public int OwnerId { get; set; }

    public EnvelopeStatus Status { get; set; }
    public Dictionary<string, string> Headers { get; } = new(StringComparer.Ordinal);

    /// <summary>The service that sent it.</summary>
    public string? Source { get; set; }

    public DateTimeOffset SentAt { get; set; }

    /// <summary>Not before this moment.</summary>
    public DateTimeOffset? ScheduledTime { get; set; }

    /// <summary>From the moment of sending. Ignored where <see cref="ScheduledTime"/> is set.</summary>
    public TimeSpan? ScheduleDelay { get; set; }

    /// <summary>After this moment it is dropped instead of handled.</summary>
    public DateTimeOffset? DeliverBy { get; set; }

    /// <summary>The same for a message and everything that it causes.</summary>
    public string? CorrelationId { get; set; }

    /// <summary>The message that caused this one; empty for the first.</summary>
    public Guid ConversationId { get; set; }

    /// <summary>W3C traceparent of the span that sent it.</summary>
    public string? ParentId { get; set; }

    public string? TenantId { get; set; }

    /// <summary>Why the last attempt failed.</summary>
    public Exception? Failure { get; set; }

    /// <summary>True when the storage has it.</summary>
    public bool WasPersistedInInbox { get; set; }

    internal JsonElement? Unread { get; set; }
    internal byte[]? Body { get; set; }

    public bool TryGetHeader(string key, out string? value) => Headers.TryGetValue(key, out value);

    public bool IsScheduledForLater(DateTimeOffset utcNow) => ScheduledTime > utcNow;

    internal bool IsExpiredAt(DateTimeOffset now) => DeliverBy <= now;

    public override string ToString() => $"{MessageType} {Id}";
}
