using Billing.Contracts.Values;

namespace Billing.Ledger.Events;

// Also of stream <tenant>/invoice/<id>.
// Stored for ever. Change a shape by adding a record; never edit one that has shipped.

/// <summary>Money for an invoice arrived. More than is owed leaves the tenant in credit there.</summary>
/// <param name="Money">Above zero.</param>
/// <param name="StripeId">Stripe's name for the object that says so.</param>
public sealed record PaymentReceived(
    TenantId Tenant, InvoiceId Invoice, PaymentId Payment, Money Money, string StripeId, Origin Origin)
    : LedgerEvent(Tenant, Origin);

/// <summary>A payment was tried and did not arrive. Moves no money.</summary>
/// <param name="Failure">Stripe's word for the reason.</param>
public sealed record PaymentFailed(
    TenantId Tenant,
    InvoiceId Invoice,
    PaymentId Payment,
    Money Money,
    string StripeId,
    string Failure,
    Origin Origin) : LedgerEvent(Tenant, Origin);

/// <summary>Money went back to the tenant.</summary>
/// <param name="Money">This refund alone; above zero.</param>
public sealed record RefundIssued(
    TenantId Tenant, InvoiceId Invoice, PaymentId Payment, Money Money, string StripeId, Origin Origin)
    : LedgerEvent(Tenant, Origin);

/// <summary>The tenant's bank disputes a payment, or has decided such a dispute.</summary>
/// <param name="Money">What is disputed; above zero.</param>
/// <param name="StripeId">Stripe's name for the dispute, the same at its beginning and its end.</param>
/// <param name="Outcome">Null while it is open.</param>
public sealed record PaymentDisputed(
    TenantId Tenant,
    InvoiceId Invoice,
    PaymentId Payment,
    Money Money,
    string StripeId,
    Origin Origin,
    DisputeOutcome? Outcome = null) : LedgerEvent(Tenant, Origin);

public enum DisputeOutcome
{
    /// <summary>The money came back to us.</summary>
    Won,

    /// <summary>The money stays with the tenant, who owes it again.</summary>
    Lost,
}

/// <summary>What is left to pay of an invoice is given up, or a part of it.</summary>
/// <param name="Money">Above zero.</param>
public sealed record WrittenOff(TenantId Tenant, InvoiceId Invoice, Money Money, Origin Origin)
    : LedgerEvent(Tenant, Origin);
