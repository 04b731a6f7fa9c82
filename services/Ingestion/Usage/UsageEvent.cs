using Billing.Contracts.Usage;
using Billing.Contracts.Values;

namespace Billing.Ingestion.Usage;

/// <summary>
/// What a producer says was used, whichever way it came: the model of all formats. Well formed; whether
/// somebody knows the tenant and a meter takes it is judged later.
/// </summary>
/// <param name="Source">CloudEvents' source; unique together with <paramref name="Id"/>.</param>
/// <param name="Type">CloudEvents' type: what happened.</param>
/// <param name="Tenant">CloudEvents' subject.</param>
/// <param name="UsedAt">The moment of use, UTC, cut to microseconds. A cancel may have none.</param>
/// <param name="Properties">Sorted by name (ordinal), each once; numbers in their canonical spelling.</param>
/// <param name="Sequence">The source's own count of its events, where it counts.</param>
/// <param name="Change">Null for an event of its own.</param>
public sealed record UsageEvent(
    string Source,
    string Id,
    string Type,
    TenantId Tenant,
    DateTimeOffset? UsedAt,
    UsageScope Scope,
    KeyValuePair<string, string>[] Properties,
    long? Sequence = null,
    UsageChange? Change = null)
{
    /// <summary>Null where there is none of that name.</summary>
    public string? Find(string property)
    {
        foreach (var (name, value) in Properties)
            if (name == property) return value;

        return null;
    }
}

/// <summary>The event takes back, or replaces, an earlier one of the same source.</summary>
/// <param name="OriginalId">Of the event as it was first sent, never of another change.</param>
/// <param name="IsCancel">Else it is an amendment, and its content is the new content.</param>
public sealed record UsageChange(string OriginalId, bool IsCancel);

/// <summary>Which way an event came. Stored; never renumber.</summary>
public enum UsageVia : short
{
    Http = 1,
    Kafka = 2,
    QuotaExceeded = 3,
    Import = 4,
}
