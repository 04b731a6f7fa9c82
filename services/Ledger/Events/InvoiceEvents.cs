using Billing.Contracts.Values;

namespace Billing.Ledger.Events;

// Stream <tenant>/invoice/<id>.
// Stored for ever. Change a shape by adding a record; never edit one that has shipped.

/// <summary>
/// A closed period became an invoice: unbilled receivable turns into receivable, line by line.
/// </summary>
/// <param name="Total">Sum of the lines: rounded, less discount, plus tax. May be below zero.</param>
public sealed record InvoiceIssued(
    TenantId Tenant,
    InvoiceId Invoice,
    string Number,
    Booking Booking,
    int CloseNumber,
    DateTimeOffset DueAt,
    IReadOnlyList<IssuedLine> Lines,
    Money Total,
    Origin Origin) : LedgerEvent(Tenant, Origin);

/// <summary>One line of an invoice.</summary>
/// <param name="Exact">The exact sum of its entries.</param>
/// <param name="Rounded">The same in minor units, rounded once.</param>
/// <param name="Discount">Taken off the rounded amount.</param>
/// <param name="Tax">On the rounded amount less discount.</param>
/// <param name="Serves">The period of the service, where that is not the invoice's.</param>
public sealed record IssuedLine(
    LineId Line,
    LineKind Kind,
    Amount Exact,
    Money Rounded,
    Money Discount,
    Money Tax,
    MeterId? Meter = null,
    BillingPeriod? Serves = null);

public enum LineKind
{
    Usage,
    Fee,
    Proration,
    TrueUp,
    Correction,
}

/// <summary>A part of an invoice, or all that was left of it, was taken off.</summary>
/// <param name="Total">Sum of the lines, rounded, with tax.</param>
/// <param name="IsVoid">All that was left of it.</param>
public sealed record CreditNoteIssued(
    TenantId Tenant,
    InvoiceId Invoice,
    CreditNoteId CreditNote,
    IReadOnlyList<CreditedLine> Lines,
    Money Total,
    bool IsVoid,
    Origin Origin) : LedgerEvent(Tenant, Origin);

/// <summary>What is taken off one line, discount already gone, tax to come.</summary>
/// <param name="Exact">The exact amount; below zero on a line that is itself below zero.</param>
/// <param name="Rounded">Rounded(all credited so far) − already credited.</param>
public sealed record CreditedLine(
    LineId Line, LineKind Kind, Amount Exact, Money Rounded, Money Tax, MeterId? Meter = null);

/// <summary>
/// Something was taken off a charge on a line of this invoice. The money moved in an open period, by the
/// event that is named as the cause; this one only remembers that less is left of the line.
/// </summary>
/// <param name="Amount">What the correction changed: below zero.</param>
public sealed record LineCorrected(
    TenantId Tenant, InvoiceId Invoice, LineId Line, ChargeId Charge, Amount Amount, Origin Origin)
    : LedgerEvent(Tenant, Origin);
