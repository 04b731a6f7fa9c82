namespace Billing.Ingestion.Usage;

/// <summary>A row of usage_keys during one transaction that may change it.</summary>
public sealed class KeyRow(UsageKey key)
{
    /// <summary>Nobody in this batch: the row was there before, or is there only to be waited for.</summary>
    public const int Nobody = -1;

    public UsageKey Key { get; } = key;

    public Guid Digest { get; set; }

    public UsageState State { get; set; }

    public int Revision { get; set; }

    public string Tenant { get; set; } = "";

    /// <summary>When what was taken under the key came first.</summary>
    public DateTimeOffset ReceivedAt { get; set; }

    /// <summary>Which candidate of this batch the row was made for.</summary>
    public int TakenBy { get; set; } = Nobody;

    /// <summary>Another event points at it, so it may change.</summary>
    public bool IsLocked { get; set; }

    /// <summary>Not as it is in the table any more.</summary>
    public bool IsChanged { get; set; }

    /// <summary>
    /// As a change finds its original. All events of their own come before it; what comes later in the batch
    /// is a change itself, which is all that matters of it.
    /// </summary>
    public KeptEvent Seen => new(State, Revision, Digest, Tenant);

    /// <summary>As the candidate finds its own; null for nothing: what comes later is not there.</summary>
    public KeptEvent? SeenBy(int candidate) => TakenBy >= candidate ? null : Seen;
}
