using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger.Invoices;

/// <summary>
/// Takes off all that is left of an invoice: one credit note over every line. What was taken off its charges
/// before stays where it was booked.
/// </summary>
public static class VoidInvoice
{
    public sealed record Command(
        TenantId Tenant, InvoiceId Invoice, CreditNoteId CreditNote, Request Request);

    /// <param name="invoice">Null where it is not issued yet: the ask waits for it.</param>
    public static Decision Decide(Command command, InvoiceState? invoice, DateTimeOffset now)
    {
        if (invoice is null) return Decision.WaitFor(Missing.Invoice, Text.Spell(command.Invoice));
        if (invoice.Issued.Tenant != command.Tenant) return Decision.Refuse(Refusal.NotFound);

        if (invoice.CreditNotes.GetValueOrDefault(command.CreditNote) is { } earlier)
            return earlier.IsVoid ? Decision.AlreadySo : Decision.Refuse(Refusal.KeyReused);
        if (invoice.IsVoid) return Decision.Refuse(Refusal.AlreadyVoided);

        var left = invoice.Issued.Lines.Select(line => invoice.Lines[line.Line])
            .Where(line => !line.Remaining.IsZero)
            .Select(line => line.Credit(line.Remaining))
            .ToList();
        return left.Count == 0
            ? Decision.Refuse(Refusal.NothingLeft, Amount.Zero(invoice.Issued.Total.Currency))
            : CreditNotes.Record(
                invoice, command.CreditNote, left, isVoid: true, Origin.Of(command.Request, now));
    }
}
