using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.Ledger.Invoices;

namespace Billing.Ledger.Payments;

/// <summary>
/// Money that Stripe says arrived, failed, went back or is disputed. It has happened, so it is recorded,
/// once; what comes before its invoice, or before its payment, waits.
/// </summary>
public static class TakePayment
{
    /// <param name="StripeId">Stripe's name for the object that says so.</param>
    public abstract record Command(
        TenantId Tenant,
        InvoiceId Invoice,
        PaymentId Payment,
        Money Money,
        string StripeId,
        Request Request);

    public sealed record Received(
        TenantId Tenant, InvoiceId Invoice, PaymentId Payment, Money Money, string StripeId, Request Request)
        : Command(Tenant, Invoice, Payment, Money, StripeId, Request);

    public sealed record Failed(
        TenantId Tenant,
        InvoiceId Invoice,
        PaymentId Payment,
        Money Money,
        string StripeId,
        string Failure,
        Request Request) : Command(Tenant, Invoice, Payment, Money, StripeId, Request);

    public sealed record Refunded(
        TenantId Tenant, InvoiceId Invoice, PaymentId Payment, Money Money, string StripeId, Request Request)
        : Command(Tenant, Invoice, Payment, Money, StripeId, Request);

    /// <param name="Outcome">Null while it is open.</param>
    public sealed record Disputed(
        TenantId Tenant,
        InvoiceId Invoice,
        PaymentId Payment,
        Money Money,
        string StripeId,
        DisputeOutcome? Outcome,
        Request Request) : Command(Tenant, Invoice, Payment, Money, StripeId, Request);

    /// <param name="invoice">Null where it is not issued yet.</param>
    public static Decision Decide(Command command, InvoiceState? invoice, DateTimeOffset now)
    {
        if (invoice is null) return Decision.WaitFor(Missing.Invoice, Text.Spell(command.Invoice));
        if (invoice.Issued.Tenant != command.Tenant) return Decision.Refuse(Refusal.NotFound);

        var append = new Append(invoice.Stream, IdOf(command), EventOf(command, now));
        if (invoice.Payments.Seen.GetValueOrDefault(append.Id) is { } earlier)
            return IsSame(earlier, append.Event) ? Decision.AlreadySo : Decision.Refuse(Refusal.KeyReused);
        if (command.Money.Currency != invoice.Issued.Total.Currency)
            return Decision.Refuse(Refusal.CurrencyDiffers);
        if (command.Money.MinorUnits <= 0) return Decision.Refuse(Refusal.AmountNotPositive);

        return Blocked(command, invoice.Payments.All.GetValueOrDefault(command.Payment))
            ?? Decision.Record(append);
    }

    private static Decision? Blocked(Command command, PaymentState? payment)
    {
        if (command is Received or Failed) return null;
        if (payment is null) return Decision.WaitFor(Missing.Payment, Text.Spell(command.Payment));

        // A dispute that we did not hear of has taken nothing from us yet, so it has to come first.
        if (command is Disputed { Outcome: not null })
            return IsOpen(command, payment)
                ? null
                : Decision.WaitFor(Missing.Payment, Text.Spell(command.Payment));
        return command.Money > payment.Left
            ? Decision.Refuse(Refusal.AboveWhatIsLeft, payment.Left.ToAmount())
            : null;
    }

    private static bool IsOpen(Command command, PaymentState payment) =>
        payment.Disputes.TryGetValue(command.StripeId, out var disputed) && disputed == command.Money;

    // By what can happen only once, whichever fact tells of it.
    private static Guid IdOf(Command command) => command switch
    {
        Received => EventIds.Once(EventNames.PaymentReceived, Text.Spell(command.Payment)),
        Refunded => EventIds.Once(EventNames.RefundIssued, command.StripeId),
        Disputed dispute => EventIds.Once(
            EventNames.PaymentDisputed, command.StripeId, dispute.Outcome is null ? "opened" : "decided"),
        _ => EventIds.Of(command.Tenant, command.Request.Cause, EventNames.PaymentFailed),
    };

    private static LedgerEvent EventOf(Command command, DateTimeOffset now)
    {
        var (tenant, invoice, payment, money) =
            (command.Tenant, command.Invoice, command.Payment, command.Money);
        var origin = Origin.Of(command.Request, now);

        return command switch
        {
            Received => new PaymentReceived(tenant, invoice, payment, money, command.StripeId, origin),
            Refunded => new RefundIssued(tenant, invoice, payment, money, command.StripeId, origin),
            Disputed dispute => new PaymentDisputed(
                tenant, invoice, payment, money, command.StripeId, origin, dispute.Outcome),
            Failed failed => new PaymentFailed(
                tenant, invoice, payment, money, command.StripeId, failed.Failure, origin),
            _ => throw new NotSupportedException($"{command.GetType().Name} is no payment yet."),
        };
    }

    // The origin differs when another fact tells of the same.
    private static bool IsSame(LedgerEvent earlier, LedgerEvent now) =>
        earlier == now with { Origin = earlier.Origin };
}
