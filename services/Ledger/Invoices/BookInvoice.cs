using Billing.Contracts;
using Billing.Ledger.Credits;
using Billing.Ledger.Events;
using Billing.Ledger.Payments;
using Billing.Ledger.Periods;

namespace Billing.Ledger.Invoices;

/// <summary>
/// Issues an invoice with all that follows in the same transaction: payments that came before it, then what
/// the tenant's credit pays of the rest.
/// </summary>
public static class BookInvoice
{
    /// <param name="Answer">To the invoice itself; nothing else happens unless it is recorded now.</param>
    /// <param name="Appends">The invoice's and all others, in their order.</param>
    /// <param name="StillWaiting">What goes on waiting, now for a payment.</param>
    /// <param name="Refused">Payments for a person to decide.</param>
    public sealed record Result(
        Decision Answer,
        IReadOnlyList<Append> Appends,
        IReadOnlyList<TakePayment.Command> StillWaiting,
        IReadOnlyList<TakePayment.Command> Refused);

    /// <param name="earlier">The invoice of that id, where it is there already.</param>
    /// <param name="guard">Of the period, locked exclusively.</param>
    /// <param name="credit">Of the tenant, in the currency of the invoice.</param>
    /// <param name="waiting">Payments that wait for this invoice, in the order in which they came.</param>
    public static Result Decide(
        IssueInvoice.Command command, InvoiceState? earlier, PeriodGuard guard, CreditState credit,
        IReadOnlyList<TakePayment.Command> waiting, DateTimeOffset now)
    {
        var answer = IssueInvoice.Decide(command, earlier, guard, now);
        if (answer is not Decision.Accepted { Appends: [{ Event: InvoiceIssued issued } append] })
            return new(answer, [], waiting, []);

        var paid = TakeWaiting.Decide(waiting, InvoiceState.Of(issued), now);
        return new(
            answer, [append, .. paid.Appends, .. FromCredit(command, credit, paid.Invoice, now)],
            paid.StillWaiting, paid.Refused);
    }

    // A refusal says that there is no credit or nothing to pay, and nobody asked.
    private static IReadOnlyList<Append> FromCredit(
        IssueInvoice.Command command, CreditState credit, InvoiceState invoice, DateTimeOffset now)
    {
        var request = command.Request with { Actor = Resources.Ledger };
        var id = EventIds.Of(command.Tenant, request.Cause, EventNames.CreditApplied);
        var applied = ApplyCredit.Decide(
            new(command.Tenant, command.Invoice, id, request), credit, invoice, now);
        return (applied as Decision.Accepted)?.Appends ?? [];
    }
}
