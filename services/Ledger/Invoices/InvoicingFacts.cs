using Billing.Contracts;
using Billing.Contracts.Catalog;
using Billing.Contracts.Invoices;
using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.Ledger.Periods;
using LineKind = Billing.Ledger.Events.LineKind;

namespace Billing.Ledger.Invoices;

/// <summary>
/// Invoicing's messages, read as what the ledger does with them. Asks to close are Pricing's to answer, and
/// the documents of the ledger's own events tell it nothing new.
/// </summary>
public static class InvoicingFacts
{
    public static IssueInvoice.Command Of(FactId id, InvoiceIssuedV1 issued) => new(
        issued.Tenant, issued.Invoice, issued.Number, new(issued.Period, issued.Subscription),
        issued.CloseNumber, issued.DueAt, [.. issued.Lines.Select(Line)], issued.Total,
        new(Resources.Invoicing, Cause.Of(id), EffectiveAt: issued.IssuedAt));

    public static CreditInvoice.Command Of(FactId id, CreditAskedV1 ask) => new(
        ask.Tenant, ask.Invoice, ask.CreditNote,
        [.. ask.Lines.Select(line => new CreditInvoice.Asked(line.Line, line.Amount))],
        Request(id, ask.Decision));

    public static VoidInvoice.Command Of(FactId id, VoidAskedV1 ask) =>
        new(ask.Tenant, ask.Invoice, ask.CreditNote, Request(id, ask.Decision));

    public static ReopenPeriod.Command Of(FactId id, ReopenAskedV1 ask) => new(
        ask.Tenant, ask.Currency, new(ask.Period, ask.Subscription), ask.CloseNumber,
        Request(id, ask.Decision));

    private static Request Request(FactId id, DecisionV1 decision) =>
        new(decision.Actor, Cause.Of(id), decision.Reason, decision.At);

    private static IssuedLine Line(InvoiceLineV1 line) => new(
        line.Line, KindOf(line.Kind), line.Exact, line.Rounded, line.Discount, line.Tax, line.Meter,
        line.Serves);

    private static LineKind KindOf(Contracts.Invoices.LineKind kind) => kind switch
    {
        Contracts.Invoices.LineKind.Usage => LineKind.Usage,
        Contracts.Invoices.LineKind.Fee => LineKind.Fee,
        Contracts.Invoices.LineKind.Proration => LineKind.Proration,
        Contracts.Invoices.LineKind.TrueUp => LineKind.TrueUp,
        Contracts.Invoices.LineKind.Correction => LineKind.Correction,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No kind of line."),
    };
}
