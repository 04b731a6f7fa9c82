using Billing.Contracts.Entries;
using Billing.Contracts.Values;

namespace Billing.Contracts.Invoices;

/// <summary>
/// An invoice that will not change any more. Total = sum of the lines, rounded, less discount, plus tax.
/// Written by Invoicing, booked by the Ledger, mirrored by StripeSync.
/// </summary>
/// <param name="Number">Without a gap for each tenant.</param>
/// <param name="CloseNumber">The close that it is the document of.</param>
[WireName("billing.invoicing.invoice-issued.v1")]
public sealed record InvoiceIssuedV1(
    TenantId Tenant,
    InvoiceId Invoice,
    string Number,
    BillingPeriod Period,
    int CloseNumber,
    DateTimeOffset IssuedAt,
    DateTimeOffset DueAt,
    IReadOnlyList<InvoiceLineV1> Lines,
    Money Tax,
    Money Total,
    SubscriptionId? Subscription = null);

/// <summary>One line of an invoice.</summary>
/// <param name="Exact">The exact sum of its entries.</param>
/// <param name="Rounded">The same in minor units, rounded once.</param>
/// <param name="Discount">Taken off the rounded amount; zero or above.</param>
/// <param name="Line">As <see cref="LineIds"/> derives it.</param>
/// <param name="Tax">On the rounded amount less discount.</param>
/// <param name="Serves">The period of the service, where that is not the invoice's: late usage and
/// corrections.</param>
public sealed record InvoiceLineV1(
    LineId Line,
    LineKind Kind,
    string Text,
    Amount Exact,
    Money Rounded,
    Money Discount,
    Money Tax,
    MeterId? Meter = null,
    Quantity? Quantity = null,
    BillingPeriod? Serves = null);

public enum LineKind
{
    Usage,
    Fee,
    Proration,
    TrueUp,
    Correction,
}

/// <summary>
/// The document of what the Ledger took off an invoice. Written by Invoicing, mirrored by StripeSync.
/// </summary>
/// <param name="Number">Without a gap for each tenant.</param>
[WireName("billing.invoicing.credit-note-issued.v1")]
public sealed record CreditNoteIssuedV1(
    TenantId Tenant,
    CreditNoteId CreditNote,
    InvoiceId Invoice,
    string Number,
    DateTimeOffset IssuedAt,
    IReadOnlyList<CreditedLineV1> Lines,
    Money Tax,
    Money Total);

/// <summary>
/// Nothing is left of an invoice; the credit note over all of it is named. Written by Invoicing, mirrored by
/// StripeSync.
/// </summary>
[WireName("billing.invoicing.invoice-voided.v1")]
public sealed record InvoiceVoidedV1(
    TenantId Tenant, InvoiceId Invoice, CreditNoteId CreditNote, DateTimeOffset VoidedAt);
