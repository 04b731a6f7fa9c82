using Billing.Contracts.Values;

namespace Billing.Contracts.Entries;

/// <summary>The tenant has money to its credit. Written by the Ledger, read by Invoicing.</summary>
[WireName("billing.ledger.credit-granted.v1")]
public sealed record CreditGrantedV1(
    TenantId Tenant, Money Money, OriginV1 Origin, DateTimeOffset? ExpiresAt = null);

/// <summary>
/// Credit of the account paid a part of an invoice. Written by the Ledger, read by Invoicing.
/// </summary>
[WireName("billing.ledger.credit-applied.v1")]
public sealed record CreditAppliedV1(TenantId Tenant, InvoiceId Invoice, Money Money, OriginV1 Origin);

/// <summary>Credit was not used in time. Written by the Ledger, read by Invoicing.</summary>
[WireName("billing.ledger.credit-expired.v1")]
public sealed record CreditExpiredV1(TenantId Tenant, Money Money, OriginV1 Origin);

/// <summary>
/// A period takes no more entries. Invoicing makes the document only if its own count and sum are these.
/// </summary>
/// <param name="CloseNumber">1 for the first close, one more after each reopening.</param>
/// <param name="Entries">How many entries are booked into the period.</param>
/// <param name="Sum">Their exact sum.</param>
/// <param name="Parked">Facts that wait for a person; not zero: the draft is held for review.</param>
/// <param name="Unpriced">Facts that wait for a price; the same.</param>
/// <param name="Shortfall">What was not read by the deadline.</param>
[WireName("billing.ledger.period-closed.v1")]
public sealed record PeriodClosedV1(
    TenantId Tenant,
    BookingV1 Booking,
    int CloseNumber,
    long Entries,
    Amount Sum,
    long Parked,
    long Unpriced,
    OriginV1 Origin,
    string? Shortfall = null);

/// <summary>
/// A closed period, not yet issued, takes entries again. Written by the Ledger, read by Invoicing.
/// </summary>
/// <param name="CloseNumber">The close that is undone.</param>
[WireName("billing.ledger.period-reopened.v1")]
public sealed record PeriodReopenedV1(
    TenantId Tenant, BookingV1 Booking, Currency Currency, int CloseNumber, OriginV1 Origin);

/// <summary>
/// The Ledger took a part off an invoice, as asked; the credit note is the document of this. Read by
/// Invoicing.
/// </summary>
[WireName("billing.ledger.invoice-credited.v1")]
public sealed record InvoiceCreditedV1(
    TenantId Tenant,
    InvoiceId Invoice,
    CreditNoteId CreditNote,
    IReadOnlyList<CreditedLineV1> Lines,
    Money Total,
    OriginV1 Origin);

/// <summary>What a credit note takes off one line.</summary>
/// <param name="Exact">The exact amount.</param>
/// <param name="Rounded">Rounded(all credited so far) − already credited.</param>
public sealed record CreditedLineV1(LineId Line, Amount Exact, Money Rounded, Money Tax);

/// <summary>The Ledger refused what Invoicing asked. Written by the Ledger, read by Invoicing.</summary>
/// <param name="Ask">The fact id of the ask.</param>
/// <param name="Refusal">A stable word for the reason, in kebab-case.</param>
/// <param name="Left">What is left of the invoice, where that is the reason.</param>
[WireName("billing.ledger.ask-refused.v1")]
public sealed record AskRefusedV1(
    TenantId Tenant, FactId Ask, string Refusal, OriginV1 Origin, Money? Left = null);
