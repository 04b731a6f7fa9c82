using Billing.Contracts.Values;

namespace Billing.Ledger.Events;

// Stream <tenant>/credit/<currency>.
// Stored for ever. Change a shape by adding a record; never edit one that has shipped.

/// <summary>The tenant has money to its credit. The event id names the grant.</summary>
/// <param name="Money">Above zero.</param>
/// <param name="ExpiresAt">From this moment on it cannot be applied; null: never.</param>
public sealed record CreditGranted(
    TenantId Tenant, Money Money, Origin Origin, DateTimeOffset? ExpiresAt = null)
    : LedgerEvent(Tenant, Origin);

/// <summary>Credit of the account paid a part of an invoice.</summary>
/// <param name="Money">Above zero; the sum of the parts.</param>
/// <param name="Parts">Which grants it is from.</param>
public sealed record CreditApplied(
    TenantId Tenant, InvoiceId Invoice, Money Money, IReadOnlyList<CreditPart> Parts, Origin Origin)
    : LedgerEvent(Tenant, Origin);

/// <summary>What was taken of one grant.</summary>
/// <param name="Grant">The event id of the grant.</param>
public sealed record CreditPart(Guid Grant, Money Money);

/// <summary>What was left of a grant was not used in time.</summary>
/// <param name="Grant">The event id of the grant.</param>
public sealed record CreditExpired(TenantId Tenant, Guid Grant, Money Money, Origin Origin)
    : LedgerEvent(Tenant, Origin);
