using Billing.Contracts;
using Billing.Contracts.Payments;
using Billing.Contracts.Values;
using Billing.Ledger.Events;
using DisputeOutcome = Billing.Ledger.Events.DisputeOutcome;

namespace Billing.Ledger.Payments;

/// <summary>StripeSync's messages, read as what the ledger does with them.</summary>
public static class PaymentFacts
{
    /// <exception cref="NotSupportedException">Not a message about a payment.</exception>
    public static TakePayment.Command Of(FactId id, object message) => message switch
    {
        PaymentReceivedV1 paid => new TakePayment.Received(
            paid.Tenant, paid.Invoice, paid.Payment, paid.Money, paid.StripeId, Request(id, paid.ReceivedAt)),
        PaymentFailedV1 failed => new TakePayment.Failed(
            failed.Tenant, failed.Invoice, failed.Payment, failed.Money, failed.StripeId, failed.Failure,
            Request(id, failed.FailedAt)),
        PaymentRefundedV1 refund => new TakePayment.Refunded(
            refund.Tenant, refund.Invoice, refund.Payment, refund.Money, refund.StripeId,
            Request(id, refund.RefundedAt)),
        PaymentDisputedV1 dispute => new TakePayment.Disputed(
            dispute.Tenant, dispute.Invoice, dispute.Payment, dispute.Money, dispute.StripeId,
            OutcomeOf(dispute.Outcome), Request(id, dispute.DisputedAt)),
        _ => throw new NotSupportedException($"{message.GetType().Name} is no payment yet."),
    };

    private static Request Request(FactId id, DateTimeOffset at) =>
        new(Resources.StripeSync, Cause.Of(id), EffectiveAt: at);

    private static DisputeOutcome? OutcomeOf(Contracts.Payments.DisputeOutcome? outcome) => outcome switch
    {
        null => null,
        Contracts.Payments.DisputeOutcome.Won => DisputeOutcome.Won,
        _ => DisputeOutcome.Lost,
    };
}
