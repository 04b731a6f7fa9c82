using Billing.Contracts.Values;
using Billing.Ledger.Accounts;
using Billing.Ledger.Events;

namespace Billing.Ledger.Invoices;

/// <summary>
/// What stands on receivable for one invoice. Below zero: the tenant has paid more than is owed.
/// </summary>
/// <param name="Position">Of the last event that moved it.</param>
public sealed record OpenItem(
    TenantId Tenant,
    InvoiceId Invoice,
    string Number,
    DateTimeOffset DueAt,
    Money Total,
    Amount Balance,
    long Position)
{
    public bool IsSettled => Balance.IsZero;

    /// <summary>The first row of an invoice, before its own postings.</summary>
    public static OpenItem Of(long position, InvoiceIssued issued) => new(
        issued.Tenant, issued.Invoice, issued.Number, issued.DueAt, issued.Total,
        Amount.Zero(issued.Total.Currency), position);

    /// <summary>After a posting; those on other accounts and of other invoices leave it as it is.</summary>
    public OpenItem Evolve(JournalRow row) =>
        row.Account == Account.AccountsReceivable && row.Invoice == Invoice
            ? this with { Balance = Balance + row.Amount, Position = row.Position }
            : this;
}
