using Billing.Contracts;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;

namespace Billing.Ingestion.Usage;

/// <summary>
/// An event that waits, whole, so that it needs no original to be judged again. Stored as the body of a row
/// of waiting_facts while it waits, so it changes only by additions.
/// </summary>
/// <param name="Id">Of the event that is to be accepted, or of the change that is to be applied.</param>
/// <param name="Revision">Of the event, when it was put here; another one makes this void.</param>
public sealed record WaitingUsage(
    int SourceId, string Source, string Id, int Revision, string Type, TenantId Tenant,
    DateTimeOffset? UsedAt, UsageScope Scope, Properties Properties, UsageVia Via, DateTimeOffset ReceivedAt,
    string? OriginalId = null, bool IsCancel = false, string? Trace = null)
{
    /// <summary>Waits for a version of the catalog.</summary>
    public const string UnmatchedKind = "usage-unmatched";

    /// <summary>A cancel or amendment that waits for its original.</summary>
    public const string ChangeKind = "usage-change";

    public UsageKey Key => new(SourceId, Id);

    /// <summary>What a change waits for, as waiting_facts names it.</summary>
    public static string MissingKey(UsageKey original) => $"{original.SourceId}/{original.Id}";

    public static WaitingUsage Of(
        UsageEvent usage, UsageKey key, int revision, Arrival arrival, DateTimeOffset receivedAt) => new(
        key.SourceId, usage.Source, key.Id, revision, usage.Type, usage.Tenant, usage.UsedAt, usage.Scope,
        new(usage.Properties), arrival.Via, receivedAt,
        key.Id == usage.Id ? usage.Change?.OriginalId : null,
        key.Id == usage.Id && usage.Change is { IsCancel: true }, arrival.Trace);

    public static WaitingUsage Read(ReadOnlySpan<byte> body) => ContractsJson.Read<WaitingUsage>(body);

    public byte[] Write() => ContractsJson.Write(this);

    public UsageEvent Usage() => new(
        Source, Id, Type, Tenant, UsedAt, Scope, [.. Properties.All],
        Change: OriginalId is null ? null : new(OriginalId, IsCancel));
}
