using System.Collections.Immutable;
using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger.Payments;

/// <summary>What was paid of one invoice, and what became of it.</summary>
/// <param name="Kept">Received, less what was refunded and what was lost in disputes.</param>
/// <param name="All">By payment.</param>
/// <param name="Seen">Every event of payments, by its id.</param>
public sealed record PaymentsState(
    Money Kept,
    ImmutableDictionary<PaymentId, PaymentState> All,
    ImmutableDictionary<Guid, LedgerEvent> Seen)
{
    public static PaymentsState None(Currency currency) => new(
        Money.Zero(currency), ImmutableDictionary<PaymentId, PaymentState>.Empty,
        ImmutableDictionary<Guid, LedgerEvent>.Empty);

    public PaymentsState Evolve(Recorded happened) => happened.Event switch
    {
        PaymentReceived paid => Change(happened, paid.Payment, paid.Money, payment => payment with
        {
            Received = payment.Received + paid.Money,
        }),
        RefundIssued refund => Change(happened, refund.Payment, -refund.Money, payment => payment with
        {
            Gone = payment.Gone + refund.Money,
        }),
        PaymentDisputed { Outcome: null } dispute =>
            Change(happened, dispute.Payment, Money.Zero(Kept.Currency), payment => payment.Open(dispute)),
        PaymentDisputed { Outcome: DisputeOutcome.Won } dispute =>
            Change(happened, dispute.Payment, Money.Zero(Kept.Currency), payment => payment.Won(dispute)),
        PaymentDisputed dispute =>
            Change(happened, dispute.Payment, -dispute.Money, payment => payment.Lost(dispute)),
        PaymentFailed => this with { Seen = Seen.SetItem(happened.Id, happened.Event) },
        _ => this,
    };

    private PaymentsState Change(
        Recorded happened, PaymentId id, Money kept, Func<PaymentState, PaymentState> change)
    {
        var payment = All.GetValueOrDefault(id) ?? PaymentState.None(Kept.Currency);
        return new(
            Kept + kept, All.SetItem(id, change(payment)), Seen.SetItem(happened.Id, happened.Event));
    }
}

/// <summary>One payment.</summary>
/// <param name="Gone">Refunded, or lost in a dispute.</param>
/// <param name="Disputes">Open ones, by Stripe's name for them.</param>
public sealed record PaymentState(Money Received, Money Gone, ImmutableDictionary<string, Money> Disputes)
{
    public static PaymentState None(Currency currency) =>
        new(Money.Zero(currency), Money.Zero(currency), ImmutableDictionary<string, Money>.Empty);

    /// <summary>What can still be refunded or disputed.</summary>
    public Money Left => Received - Gone - Money.Sum(Disputes.Values, Received.Currency);

    public PaymentState Open(PaymentDisputed dispute) =>
        this with { Disputes = Disputes.SetItem(dispute.StripeId, dispute.Money) };

    public PaymentState Won(PaymentDisputed dispute) =>
        this with { Disputes = Disputes.Remove(dispute.StripeId) };

    public PaymentState Lost(PaymentDisputed dispute) => Won(dispute) with { Gone = Gone + dispute.Money };
}
