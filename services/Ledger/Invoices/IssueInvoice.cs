using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.Ledger.Periods;

namespace Billing.Ledger.Invoices;

/// <summary>
/// Invoicing finalized the invoice of a closed period. The only thing that is booked into a closed period: it
/// clears the period's unbilled receivable to the last digit.
/// </summary>
public static class IssueInvoice
{
    /// <param name="CloseNumber">The close that it is the document of.</param>
    public sealed record Command(
        TenantId Tenant,
        InvoiceId Invoice,
        string Number,
        Booking Booking,
        int CloseNumber,
        DateTimeOffset DueAt,
        IReadOnlyList<IssuedLine> Lines,
        Money Total,
        Request Request);

    /// <param name="earlier">The invoice of that id, where it is there already.</param>
    /// <param name="guard">Of the period, locked exclusively.</param>
    public static Decision Decide(
        Command command, InvoiceState? earlier, PeriodGuard guard, DateTimeOffset now)
    {
        if (earlier is not null)
            return IsSame(command, earlier.Issued) ? Decision.AlreadySo : Decision.Refuse(Refusal.KeyReused);

        var issued = new InvoiceIssued(
            command.Tenant, command.Invoice, command.Number, command.Booking, command.CloseNumber,
            command.DueAt, command.Lines, command.Total, Origin.Of(command.Request, now));

        if (InvoiceLines.Malformed(issued) is { } malformed) return Decision.Refuse(malformed);
        if (guard.Status == PeriodStatus.Issued) return Decision.Refuse(Refusal.PeriodIssued);
        if (guard.Status == PeriodStatus.Open) return Decision.Refuse(Refusal.PeriodNotClosed);
        if (guard.CloseNumber != command.CloseNumber) return Decision.Refuse(Refusal.CloseNumberDiffers);
        if (guard.ClosedSum != InvoiceLines.ExactSum(issued))
            return Decision.Refuse(Refusal.SumDiffers, guard.ClosedSum);

        return Decision.Record(new Append(
            new StreamId.Invoice(command.Tenant, command.Invoice),
            EventIds.Once(EventNames.InvoiceIssued, Text.Spell(command.Tenant), Text.Spell(command.Invoice)),
            issued));
    }

    private static bool IsSame(Command command, InvoiceIssued earlier) =>
        command.Tenant == earlier.Tenant && command.Number == earlier.Number
        && command.CloseNumber == earlier.CloseNumber && command.Booking == earlier.Booking
        && command.Total == earlier.Total && command.Lines.SequenceEqual(earlier.Lines);
}
