using Billing.Contracts.Catalog;
using Billing.Contracts.Values;

namespace Billing.Contracts.Invoices;

/// <summary>
/// A period is over. Pricing answers when all its usage is taken, or at the deadline; the Ledger closes on
/// that answer. Asked again with the same close number, both give the same answer. Written by Invoicing.
/// </summary>
/// <param name="CloseNumber">1 for the first close, one more after each reopening.</param>
[WireName("billing.invoicing.close-asked.v1")]
public sealed record CloseAskedV1(
    TenantId Tenant,
    Currency Currency,
    BillingPeriod Period,
    int CloseNumber,
    DateTimeOffset Deadline,
    SubscriptionId? Subscription = null);

/// <summary>A draft was withdrawn, and its period shall take entries again. Written by Invoicing.</summary>
/// <param name="CloseNumber">The close that shall be undone.</param>
[WireName("billing.invoicing.reopen-asked.v1")]
public sealed record ReopenAskedV1(
    TenantId Tenant,
    Currency Currency,
    BillingPeriod Period,
    int CloseNumber,
    DecisionV1 Decision,
    SubscriptionId? Subscription = null);

/// <summary>A part of an invoice shall be taken off. The Ledger decides. Written by Invoicing.</summary>
[WireName("billing.invoicing.credit-asked.v1")]
public sealed record CreditAskedV1(
    TenantId Tenant,
    InvoiceId Invoice,
    CreditNoteId CreditNote,
    IReadOnlyList<AskedLineV1> Lines,
    DecisionV1 Decision);

/// <summary>What shall be taken off one line, before tax.</summary>
public sealed record AskedLineV1(LineId Line, Amount Amount);

/// <summary>
/// All that is left of an invoice shall be taken off. The Ledger decides. Written by Invoicing.
/// </summary>
[WireName("billing.invoicing.void-asked.v1")]
public sealed record VoidAskedV1(
    TenantId Tenant, InvoiceId Invoice, CreditNoteId CreditNote, DecisionV1 Decision);
