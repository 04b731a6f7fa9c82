using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger.Invoices;

/// <summary>
/// Invoicing asks to take parts of lines off an invoice. The ledger decides; the credit note is the document
/// of its answer.
/// </summary>
public static class CreditInvoice
{
    public sealed record Command(
        TenantId Tenant,
        InvoiceId Invoice,
        CreditNoteId CreditNote,
        IReadOnlyList<Asked> Lines,
        Request Request);

    /// <param name="Amount">What shall be taken off, before tax: above zero.</param>
    public sealed record Asked(LineId Line, Amount Amount);

    /// <param name="invoice">Null where it is not issued yet: the ask waits for it.</param>
    public static Decision Decide(Command command, InvoiceState? invoice, DateTimeOffset now)
    {
        if (invoice is null) return Decision.WaitFor(Missing.Invoice, Text.Spell(command.Invoice));
        if (invoice.Issued.Tenant != command.Tenant) return Decision.Refuse(Refusal.NotFound);

        if (invoice.CreditNotes.GetValueOrDefault(command.CreditNote) is { } earlier)
            return IsSame(command, earlier) ? Decision.AlreadySo : Decision.Refuse(Refusal.KeyReused);
        if (Malformed(command, invoice) is { } malformed) return Decision.Refuse(malformed);
        if (invoice.IsVoid) return Decision.Refuse(Refusal.AlreadyVoided);

        foreach (var asked in command.Lines)
        {
            var left = invoice.Lines[asked.Line].Left;
            if (left.IsZero) return Decision.Refuse(Refusal.NothingLeft, left);
            if (asked.Amount > left) return Decision.Refuse(Refusal.AboveWhatIsLeft, left);
        }

        return CreditNotes.Record(
            invoice, command.CreditNote, command.Lines.Select(asked =>
                invoice.Lines[asked.Line].Credit(asked.Amount)),
            isVoid: false, Origin.Of(command.Request, now));
    }

    private static Refusal? Malformed(Command command, InvoiceState invoice)
    {
        var lines = command.Lines;
        if (lines.Count == 0) return Refusal.NothingChanges;
        if (lines.DistinctBy(asked => asked.Line).Count() != lines.Count) return Refusal.DoesNotAddUp;
        if (lines.Any(asked => asked.Amount.Currency != invoice.Issued.Total.Currency))
            return Refusal.CurrencyDiffers;
        if (lines.Any(asked => asked.Amount.Trillionths <= 0)) return Refusal.AmountNotPositive;
        return lines.All(asked => invoice.Lines.ContainsKey(asked.Line)) ? null : Refusal.NoSuchLine;
    }

    private static bool IsSame(Command command, CreditNoteIssued earlier) =>
        !earlier.IsVoid && command.Lines.Select(asked => (asked.Line, asked.Amount))
            .SequenceEqual(earlier.Lines.Select(line => (line.Line, line.Exact)));
}

/// <summary>How a credit note is recorded, whoever asked for it.</summary>
internal static class CreditNotes
{
    public static Decision Record(
        InvoiceState invoice, CreditNoteId id, IEnumerable<CreditedLine> credited, bool isVoid, Origin origin)
    {
        var lines = credited.ToList();
        var total = Money.Sum(lines.Select(line => line.Rounded + line.Tax), invoice.Issued.Total.Currency);
        var tenant = invoice.Issued.Tenant;

        return Decision.Record(new Append(
            invoice.Stream,
            EventIds.Once(EventNames.CreditNoteIssued, Text.Spell(tenant), Text.Spell(id)),
            new CreditNoteIssued(tenant, invoice.Issued.Invoice, id, lines, total, isVoid, origin)));
    }
}
