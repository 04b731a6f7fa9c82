using Billing.Contracts.Values;

namespace Billing.Ledger.Events;

/// <summary>
/// What the ledger answers: events to record, or that it is so already, or that something must come first, or
/// no. Every decision asks in this order: is it so already, is it malformed, is it not allowed.
/// </summary>
public abstract record Decision
{
    private Decision()
    {
    }

    /// <summary>The same was asked before and is recorded. A success that records nothing.</summary>
    public static Decision AlreadySo { get; } = new Accepted([]);

    public static Decision Record(params Append[] appends) => new Accepted(appends);

    public static Decision Refuse(Refusal reason, Amount? left = null) => new Refused(reason, left);

    public static Decision WaitFor(Missing what, string key) => new Waits(what, key);

    /// <summary>To be appended in one transaction, each stream at the version it was read at.</summary>
    public sealed record Accepted(IReadOnlyList<Append> Appends) : Decision;

    /// <summary>
    /// A person is told no; a message, for which nobody waits, goes to suspense. Nothing is recorded.
    /// </summary>
    /// <param name="Left">What would be possible, where too much was asked.</param>
    public sealed record Refused(Refusal Reason, Amount? Left = null) : Decision;

    /// <summary>Nothing is recorded until what it names is there; then it is decided again.</summary>
    public sealed record Waits(Missing For, string Key) : Decision;
}

/// <summary>What a decision may have to wait for.</summary>
public enum Missing
{
    Charge,
    Invoice,
    Payment,
    Subscription,

    /// <summary>A period that is being invoiced: until it is issued, or open again.</summary>
    Period,
}
