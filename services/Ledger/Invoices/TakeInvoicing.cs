using Billing.Contracts;
using Billing.Contracts.Values;
using Billing.Ledger.Charges;
using Billing.Ledger.Storage;
using Billing.ServiceDefaults.UsagePath;

namespace Billing.Ledger.Invoices;

/// <summary>
/// Takes invoices from Invoicing, and what it asks: credit, void, reopen. Asks to close are Pricing's, and
/// other documents are of the ledger's own events.
/// </summary>
public sealed class TakeInvoicing : IFactHandler
{
    public string Topic => Topics.Invoices;

    /// <summary>The invoice, so that an ask is parked behind its document; else the fact alone.</summary>
    public string KeyOf(Fact fact) => InvoicingFact.Of(KeptFact.Of(fact))?.Invoice is { } invoice
        ? Text.Spell(invoice)
        : Text.Spell(fact.Id);

    public Task Apply(FactBatch batch, CancellationToken cancellation) => BookFacts.Apply(
        batch.Facts.Select(KeptFact.Of), batch.Transaction.Work(), batch.Now, cancellation);
}
