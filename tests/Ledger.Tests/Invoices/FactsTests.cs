using Billing.Contracts.Catalog;
using Billing.Contracts.Invoices;
using Billing.Contracts.Payments;
using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.Ledger.Invoices;
using Billing.Ledger.Payments;
using static Billing.Ledger.Tests.Given;

namespace Billing.Ledger.Tests;

/// <summary>What others tell the ledger becomes its commands, part by part.</summary>
public class FactsTests
{
    private static readonly FactId Fact = new(Id("fact"));
    private static readonly LineId Line = new(Id("line"));
    private static readonly CreditNoteId Note = new(Id("note"));
    private static readonly DecisionV1 Decided = new("ada@billing", Now, "Goodwill");
    private static readonly Request Asked = new("ada@billing", Cause.Of(Fact), "Goodwill", Now);

    [Test]
    public void an_invoice()
    {
        var command = InvoicingFacts.Of(Fact, new InvoiceIssuedV1(
            Tenant, Invoice, "T1-000042", March, 2, Now, Now.AddDays(14),
            [
                new(Line, Contracts.Invoices.LineKind.TrueUp, "Minimum", Usd100("1.005"), Dollars("1.00"),
                    Dollars("0.10"), Dollars("0.18"), Meter, Quantity.One, April),
            ],
            Dollars("0.18"), Dollars("1.08"), Sub));

        command.Lines.ShouldBe(
        [
            new(Line, Ledger.Events.LineKind.TrueUp, Usd100("1.005"), Dollars("1.00"), Dollars("0.10"), Dollars("0.18"),
                Meter, April),
        ]);
        (command with { Lines = [] }).ShouldBeEquivalentTo(new IssueInvoice.Command(
            Tenant, Invoice, "T1-000042", InMarch, 2, Now.AddDays(14), [], Dollars("1.08"),
            new("invoicing", Cause.Of(Fact), EffectiveAt: Now)));
    }

    [Test]
    public void kinds_of_lines_are_the_same() => Enum.GetNames<Ledger.Events.LineKind>()
        .ShouldBe(Enum.GetNames<Contracts.Invoices.LineKind>());

    [Test]
    public void asks()
    {
        var credit = InvoicingFacts.Of(
            Fact, new CreditAskedV1(Tenant, Invoice, Note, [new AskedLineV1(Line, Usd100("3"))], Decided));
        (credit.Tenant, credit.Invoice, credit.CreditNote, credit.Request).ShouldBe((Tenant, Invoice, Note, Asked));
        credit.Lines.ShouldBe([new(Line, Usd100("3"))]);

        InvoicingFacts.Of(Fact, new VoidAskedV1(Tenant, Invoice, Note, Decided))
            .ShouldBe(new(Tenant, Invoice, Note, Asked));
        InvoicingFacts.Of(Fact, new ReopenAskedV1(Tenant, Usd, March, 2, Decided, Sub))
            .ShouldBe(new(Tenant, Usd, InMarch, 2, Asked));
    }

    [Test]
    public void payments()
    {
        var (money, from) = (Dollars("5.00"), new Request("stripe-sync", Cause.Of(Fact), EffectiveAt: Now));

        PaymentFacts.Of(Fact, new PaymentReceivedV1(Tenant, Payment, Invoice, money, "in_1", Now))
            .ShouldBe(new TakePayment.Received(Tenant, Invoice, Payment, money, "in_1", from));
        PaymentFacts.Of(Fact, new PaymentFailedV1(Tenant, Payment, Invoice, money, "in_1", "declined", Now))
            .ShouldBe(new TakePayment.Failed(Tenant, Invoice, Payment, money, "in_1", "declined", from));
        PaymentFacts.Of(Fact, new PaymentRefundedV1(Tenant, Payment, Invoice, money, "re_1", Now))
            .ShouldBe(new TakePayment.Refunded(Tenant, Invoice, Payment, money, "re_1", from));
        PaymentFacts.Of(Fact, new PaymentDisputedV1(Tenant, Payment, Invoice, money, "dp_1", Now))
            .ShouldBe(new TakePayment.Disputed(Tenant, Invoice, Payment, money, "dp_1", null, from));
        Should.Throw<NotSupportedException>(() => PaymentFacts.Of(Fact, "something"));
    }

    [TestCase(Contracts.Payments.DisputeOutcome.Won, Ledger.Events.DisputeOutcome.Won)]
    [TestCase(Contracts.Payments.DisputeOutcome.Lost, Ledger.Events.DisputeOutcome.Lost)]
    public void disputes(Contracts.Payments.DisputeOutcome told, Ledger.Events.DisputeOutcome outcome) =>
        PaymentFacts.Of(Fact, new PaymentDisputedV1(Tenant, Payment, Invoice, Dollars("5.00"), "dp_1", Now, told))
            .ShouldBeOfType<TakePayment.Disputed>().Outcome.ShouldBe(outcome);
}
