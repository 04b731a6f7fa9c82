namespace Billing.Usage;

/// <summary>What became of an event.</summary>
/// <param name="Code">Why it was not simply accepted, as a stable word of the service.</param>
/// <param name="Reason">The same as a sentence.</param>
public sealed record UsageVerdict(
    string Source, string Id, long? Sequence, Verdict Verdict, string? Code = null, string? Reason = null);

public enum Verdict
{
    /// <summary>Durable, and counted once for ever.</summary>
    Accepted,

    /// <summary>
    /// Durable; its tenant or meter is not known yet. It counts once they are, without being sent again.
    /// </summary>
    Unmatched,

    /// <summary>
    /// Durable: a cancel or amendment that is applied as soon as the event that it changes arrives.
    /// </summary>
    Waiting,

    /// <summary>
    /// Accepted before with the same content: by a call whose answer was lost, for example. All is well.
    /// </summary>
    Duplicate,

    /// <summary>Refused: the same id came before with other content.</summary>
    Conflict,

    /// <summary>Refused, for ever, for the reason given.</summary>
    Rejected,

    /// <summary>Not sent: there was no room (<see cref="WhenFull.DropNewest"/>).</summary>
    Dropped,

    /// <summary>
    /// Given up when the sender was disposed. It may have arrived; sending it again with its id does no harm.
    /// </summary>
    Abandoned,
}

/// <summary>A call that will be made again.</summary>
/// <param name="Status">HTTP's, where there was an answer.</param>
/// <param name="Events">How many are in the call.</param>
/// <param name="Tries">How often it was made.</param>
public sealed record UsageTrouble(string What, int? Status, int Events, int Tries, Exception? Exception);

/// <summary>What emitting an event gives back at once.</summary>
/// <param name="Id">Under which the event's fate can be asked for.</param>
/// <param name="IsTaken">False: there was no room, and it will not be sent.</param>
public readonly record struct Emission(string Id, bool IsTaken);
