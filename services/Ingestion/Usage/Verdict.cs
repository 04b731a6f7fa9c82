namespace Billing.Ingestion.Usage;

/// <summary>What became of one arrival.</summary>
/// <param name="Revision">Of an accepted event: 0, or more where it was amended.</param>
/// <param name="First">Of a duplicate: what became of the event when it first came.</param>
/// <param name="Reason">Of a rejected, conflicting or unmatched one.</param>
public sealed record Verdict(
    VerdictKind Kind, int Revision = 0, UsageState? First = null, Refusal? Reason = null)
{
    public static readonly Verdict Accepted = new(VerdictKind.Accepted);
    public static readonly Verdict Waiting = new(VerdictKind.Waiting);

    public static Verdict Rejected(Refusal refusal) => new(VerdictKind.Rejected, Reason: refusal);
}

/// <summary>Every arrival gets exactly one; the delivery report counts them.</summary>
public enum VerdictKind
{
    /// <summary>Taken, and told to Pricing.</summary>
    Accepted,

    /// <summary>Taken; told to Pricing as soon as tenant and meter are known.</summary>
    Unmatched,

    /// <summary>A cancel or amendment, taken; applied as soon as its original arrives.</summary>
    Waiting,

    /// <summary>Came before with the same content. As good as accepted.</summary>
    Duplicate,

    /// <summary>Another event with the same source and id was taken before; this one is not.</summary>
    Conflict,

    /// <summary>Not taken; sending it again has it judged again.</summary>
    Rejected,
}

/// <summary>What has become of an event that has a key. Stored; never renumber.</summary>
public enum UsageState : short
{
    /// <summary>Not here yet; a change that points at it is.</summary>
    Awaited = 0,

    Accepted = 1,
    Unmatched = 2,
    Canceled = 3,

    /// <summary>Was unmatched or waiting, and was refused when it was judged again.</summary>
    Rejected = 4,

    /// <summary>A cancel or amendment whose original is not here yet.</summary>
    Waiting = 5,

    /// <summary>A cancel or amendment that was applied.</summary>
    Applied = 6,
}
