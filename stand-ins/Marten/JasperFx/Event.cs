using System.Diagnostics.CodeAnalysis;

namespace JasperFx.Events;

/// <summary>A fact with what is known about it besides itself.</summary>
public interface IEvent
{
    /// <summary>Its own id, the same in every database.</summary>
    Guid Id { get; set; }

    /// <summary>Its place in its stream, from 1 on.</summary>
    long Version { get; set; }

    /// <summary>Its place in the whole store; there may be holes.</summary>
    long Sequence { get; set; }

    object Data { get; }
    Guid StreamId { get; set; }
    string? StreamKey { get; set; }
    DateTimeOffset Timestamp { get; set; }
    string TenantId { get; set; }
    Type EventType { get; }

    /// <summary>The stored name of its type.</summary>
    string EventTypeName { get; set; }

    string DotNetTypeName { get; set; }
    string? CausationId { get; set; }
    string? CorrelationId { get; set; }
    string? UserName { get; set; }

    /// <summary>What came out of the database holds <see cref="System.Text.Json.JsonElement"/>s.</summary>
    [SuppressMessage("Usage", "CA2227", Justification = "The real package's shape.")]
    Dictionary<string, object>? Headers { get; set; }

    bool IsArchived { get; set; }

    /// <summary>The stream's type name; only set by the daemon.</summary>
    string? AggregateTypeName { get; set; }

    void SetHeader(string key, object value);
    object? GetHeader(string key);
}

public interface IEvent<out T> : IEvent
    where T : notnull
{
    new T Data { get; }
}

public class Event<T>(T data) : IEvent<T>
    where T : notnull
{
    public T Data { get; set; } = data;
    public Guid Id { get; set; }
    public long Version { get; set; }
    public long Sequence { get; set; }
    public Guid StreamId { get; set; }
    public string? StreamKey { get; set; }
    public DateTimeOffset Timestamp { get; set; }
    public string TenantId { get; set; } = "*DEFAULT*";
    public Type EventType => typeof(T);
    public string EventTypeName { get; set; } = "";
    public string DotNetTypeName { get; set; } = "";
    public string? CausationId { get; set; }
    public string? CorrelationId { get; set; }
    public string? UserName { get; set; }

    [SuppressMessage("Usage", "CA2227", Justification = "The real package's shape.")]
    public Dictionary<string, object>? Headers { get; set; }

    public bool IsArchived { get; set; }
    public string? AggregateTypeName { get; set; }

    object IEvent.Data => Data;

    public void SetHeader(string key, object value) => (Headers ??= [])[key] = value;

    public object? GetHeader(string key) => Headers?.GetValueOrDefault(key);
}

/// <summary>Wraps facts, to say more about them before they are appended.</summary>
public static class Event
{
    public static IEvent<T> For<T>(T data)
        where T : notnull => new Event<T>(data);

    public static IEvent<T> AsEvent<T>(this T data)
        where T : notnull => new Event<T>(data);

    public static IEvent AtTimestamp(this IEvent e, DateTimeOffset timestamp)
    {
        e.Timestamp = timestamp;
        return e;
    }

    public static IEvent WithHeader(this IEvent e, string key, object value)
    {
        e.SetHeader(key, value);
        return e;
    }
}
