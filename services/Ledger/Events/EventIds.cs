using Billing.Contracts.Values;

namespace Billing.Ledger.Events;

/// <summary>
/// Ids of events, derived from their causes, so that the same cause records the same event again, for ever. A
/// charge, and what takes it back, has the id of its rating.
/// </summary>
public static class EventIds
{
    /// <summary>
    /// A request records one event. The tenant is part of the key, so that two tenants may use the same one.
    /// </summary>
    public static Guid Of(TenantId tenant, string idempotencyKey) =>
        DerivedId.From("ledger request", Text.Spell(tenant), idempotencyKey);

    /// <summary>A bulk correction records one event a charge.</summary>
    public static Guid Of(TenantId tenant, string idempotencyKey, ChargeId charge) =>
        DerivedId.From("ledger request", Text.Spell(tenant), idempotencyKey, Text.Spell(charge));

    /// <summary>A fact, or another event, may cause one event of each name.</summary>
    public static Guid Of(FactId fact, string storedName) =>
        DerivedId.From("ledger fact", storedName, Text.Spell(fact));

    /// <summary>What can happen only once has the name of that as its key, whoever tells of it.</summary>
    public static Guid Once(string storedName, params ReadOnlySpan<string> key) =>
        DerivedId.From($"ledger {storedName}", key);

    /// <summary>The one event of that name that the cause makes.</summary>
    public static Guid Of(TenantId tenant, Cause cause, string storedName) => cause.Fact is { } fact
        ? Of(fact, storedName)
        : Of(tenant, cause.IdempotencyKey ?? throw new InvalidOperationException("There is no cause here."));
}
