namespace Billing.ServiceDefaults.UsagePath;

/// <summary>
/// The points between which a process may die. Tests stop it at each of them; nothing else depends on them.
/// </summary>
public enum Step
{
    /// <summary>Messages were taken from the broker, nothing is written.</summary>
    BatchRead,

    /// <summary>The transaction is open and the position advanced in it.</summary>
    PositionAdvanced,

    /// <summary>The service's effects are written, its facts not numbered.</summary>
    EffectsWritten,

    /// <summary>Numbers given, not committed.</summary>
    FactsNumbered,

    /// <summary>Committed, the relay does not know yet.</summary>
    Committed,

    /// <summary>Given to the producer, no acknowledgment yet.</summary>
    Published,

    /// <summary>Acknowledged by the broker, the mark not stored.</summary>
    Acknowledged,

    /// <summary>The mark is stored.</summary>
    Marked,

    /// <summary>The offset is on its way to Kafka, for the lag display only.</summary>
    OffsetCommitted,
}

/// <summary>
/// Told at each step. A service registers none; a test registers one that ends the process.
/// </summary>
public interface IStepWatch
{
    void Reached(Step step, string topic);
}
