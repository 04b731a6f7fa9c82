using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.Ledger.Invoices;

namespace Billing.Ledger.Payments;

/// <summary>
/// Decides again about what waited for an invoice, or for a payment of it, in the order in which it came. One
/// may wait for another, so it goes on until nothing more can be taken.
/// </summary>
public static class TakeWaiting
{
    /// <param name="Invoice">With all that was taken.</param>
    /// <param name="Appends">What was taken, and a no to what was refused.</param>
    /// <param name="StillWaiting">In the order in which it came.</param>
    /// <param name="Refused">For a person to decide.</param>
    public sealed record Result(
        InvoiceState Invoice,
        IReadOnlyList<Append> Appends,
        IReadOnlyList<TakePayment.Command> StillWaiting,
        IReadOnlyList<TakePayment.Command> Refused);

    public static Result Decide(
        IReadOnlyList<TakePayment.Command> waiting, InvoiceState invoice, DateTimeOffset now)
    {
        var (appends, left, refused) =
            (new List<Append>(), waiting.ToList(), new List<TakePayment.Command>());
        for (var before = -1; before != appends.Count;)
        {
            before = appends.Count;
            left.RemoveAll(command =>
            {
                var decision = TakePayment.Decide(command, invoice, now);
                if (decision is Decision.Waits) return false;
                if (decision is Decision.Refused no)
                {
                    refused.Add(command);
                    appends.Add(Refusing.Ask(command.Tenant, FactOf(command), no, command.Request, now));
                }

                foreach (var append in (decision as Decision.Accepted)?.Appends ?? [])
                {
                    appends.Add(append);
                    invoice = invoice.Evolve(append.Recorded);
                }

                return true;
            });
        }

        return new(invoice, appends, left, refused);
    }

    private static FactId FactOf(TakePayment.Command command) => command.Request.Cause.Fact
        ?? throw new InvalidOperationException("Only what a fact tells can wait.");
}
