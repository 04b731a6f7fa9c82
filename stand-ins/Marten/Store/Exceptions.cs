using Npgsql;

namespace Marten.Exceptions;

public class MartenException : Exception
{
    public MartenException()
    {
    }

    public MartenException(string message)
        : base(message)
    {
    }

    public MartenException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>PostgreSQL refused; the inner exception says what and why.</summary>
public class MartenCommandException(NpgsqlException innerException)
    : MartenException($"PostgreSQL refused: {innerException.Message}", innerException);

/// <summary>A stream was started that exists.</summary>
public class ExistingStreamIdCollisionException(object id, Type? aggregateType)
    : MartenException($"Stream '{id}' exists already.")
{
    public object Id { get; } = id;
    public Type? AggregateType { get; } = aggregateType;
}

/// <summary>The database could not serialize this transaction with another one.</summary>
public class ConcurrentUpdateException(Exception innerException)
    : MartenException("Another transaction changed the same rows.", innerException);

/// <summary>An event whose type nobody has named to this store.</summary>
public class UnknownEventTypeException : MartenException
{
    public UnknownEventTypeException(string eventTypeName)
        : base($"No event type is known by the name '{eventTypeName}'.") => EventTypeName = eventTypeName;

    public UnknownEventTypeException(string eventTypeName, long sequence)
        : base($"No event type is known by the name '{eventTypeName}', which event {sequence} has.") =>
        (EventTypeName, Sequence) = (eventTypeName, sequence);

    public string EventTypeName { get; }
    public long Sequence { get; }
}

/// <summary>Event data that could not be read as the type it is stored as.</summary>
public class EventDeserializationFailureException(long sequence, Exception innerException)
    : MartenException($"Event {sequence} cannot be read: {innerException.Message}", innerException)
{
    public long Sequence { get; } = sequence;
}

/// <summary>A projection's own code failed on one event.</summary>
public class ApplyEventException(JasperFx.Events.IEvent e, Exception innerException)
    : MartenException(
        $"Applying event {e.Sequence} ({e.EventTypeName}) failed: {innerException.Message}", innerException)
{
    public JasperFx.Events.IEvent Event { get; } = e;
}

/// <summary>Somebody else has moved this shard's progress.</summary>
public class ProgressionProgressOutOfOrderException(string shard)
    : MartenException($"The progress of {shard} is not where this process left it: it runs elsewhere too.");
