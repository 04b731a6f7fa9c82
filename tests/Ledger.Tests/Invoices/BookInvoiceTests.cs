using Billing.Contracts.Invoices;
using Billing.Contracts.Values;
using Billing.Ledger.Credits;
using Billing.Ledger.Events;
using Billing.Ledger.Invoices;
using Billing.Ledger.Payments;
using Billing.Ledger.Periods;
using static Billing.Ledger.Tests.Given;
using LineKind = Billing.Ledger.Events.LineKind;

namespace Billing.Ledger.Tests;

/// <summary>An invoice of 50 dollars, and what waited for it.</summary>
public class BookInvoiceTests
{
    private static readonly PeriodGuard Closed = new(PeriodStatus.Closed, 1, Usd100("50"));

    private static readonly IssueInvoice.Command Command = new(
        Tenant, Invoice, "1", InMarch, 1, Now.AddDays(14),
        [
            new(LineIds.Of(Invoice, Contracts.Invoices.LineKind.Usage, Meter, March), LineKind.Usage, Usd100("50"),
                Dollars("50.00"), Dollars("0.00"), Dollars("0.00"), Meter),
        ],
        Dollars("50.00"), From("invoicing", "invoice", Now));

    private static readonly CreditState Has30 = CreditState.New.Evolve(new(
        Id("grant"), new CreditGranted(Tenant, Dollars("30.00"), FromPricing(Now))));

    private static readonly TakePayment.Command Paid = new TakePayment.Received(
        Tenant, Invoice, Payment, Dollars("40.00"), "in_1", From("stripe-sync", "paid", Now));

    private static readonly TakePayment.Command Refunded = new TakePayment.Refunded(
        Tenant, Invoice, Payment, Dollars("15.00"), "re_1", From("stripe-sync", "refunded", Now));

    [Test]
    public void what_waited_is_taken_with_the_invoice_and_credit_pays_the_rest()
    {
        var booked = Book(Has30, Refunded, Paid);

        booked.Appends.Select(append => append.Event.GetType()).ShouldBe(
            [typeof(InvoiceIssued), typeof(PaymentReceived), typeof(RefundIssued), typeof(CreditApplied)]);
        var applied = booked.Appends[^1].Event.ShouldBeOfType<CreditApplied>();
        (applied.Money, applied.Origin.Actor).ShouldBe((Dollars("25.00"), "ledger"));
        booked.StillWaiting.ShouldBeEmpty();
    }

    [Test]
    public void what_waits_for_a_payment_goes_on_waiting() =>
        Book(CreditState.New, Refunded).StillWaiting.ShouldBe([Refunded]);

    [Test]
    public void no_credit_is_touched_where_nothing_is_left_to_pay()
    {
        var more = Paid with { Money = Dollars("60.00") };

        Book(Has30, more).Appends.Count.ShouldBe(2);
    }

    [Test]
    public void a_payment_that_cannot_be_is_refused_and_told()
    {
        var euros = Paid with { Money = Text.Read<Money>("40.00 EUR") };

        var booked = Book(CreditState.New, euros);

        booked.Refused.ShouldBe([euros]);
        var told = booked.Appends[^1].Event.ShouldBeOfType<AskRefused>();
        (told.Ask, told.Refusal).ShouldBe((new(Id("paid")), Refusal.CurrencyDiffers));
    }

    [Test]
    public void nothing_follows_from_an_invoice_that_is_not_recorded_now()
    {
        var refused = BookInvoice.Decide(Command, null, PeriodGuard.New, Has30, [Paid], Now);
        refused.Answer.ShouldRefuse(Refusal.PeriodNotClosed);
        (refused.Appends.Count, refused.StillWaiting.Count).ShouldBe((0, 1));

        var issued = (InvoiceIssued)Book(Has30).Appends[0].Event;
        var again = BookInvoice.Decide(Command, InvoiceState.Of(issued), Closed.Evolve(issued), Has30, [], Now);
        again.Answer.ShouldBeAlreadySo();
        again.Appends.ShouldBeEmpty();
    }

    private static BookInvoice.Result Book(CreditState credit, params TakePayment.Command[] waiting) =>
        BookInvoice.Decide(Command, null, Closed, credit, waiting, Now);
}
