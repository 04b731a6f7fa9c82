using Billing.Contracts;
using Billing.Contracts.Values;
using Billing.Ledger.Charges;
using Billing.Ledger.Invoices;
using Billing.Ledger.Storage;
using Billing.ServiceDefaults.UsagePath;

namespace Billing.Ledger.Payments;

/// <summary>Takes from StripeSync what arrived, failed, went back or is disputed.</summary>
public sealed class TakePayments : IFactHandler
{
    public string Topic => Topics.Payments;

    /// <summary>What became of one payment goes in order.</summary>
    public string KeyOf(Fact fact) => InvoicingFact.Of(KeptFact.Of(fact)) is InvoicingFact.Payment payment
        ? Text.Spell(payment.Command.Payment)
        : Text.Spell(fact.Id);

    public Task Apply(FactBatch batch, CancellationToken cancellation) => BookFacts.Apply(
        batch.Facts.Select(KeptFact.Of), batch.Transaction.Work(), batch.Now, cancellation);
}
