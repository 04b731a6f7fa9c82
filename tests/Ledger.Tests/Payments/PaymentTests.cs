using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.Ledger.Invoices;
using Billing.Ledger.Payments;
using static Billing.Ledger.Tests.Given;

namespace Billing.Ledger.Tests;

/// <summary>An invoice of 50 dollars.</summary>
public class PaymentTests
{
    private static readonly InvoiceState Owes50 = InvoiceState.Of(new(
        Tenant, Invoice, "1", InMarch, 1, Now, [], Dollars("50.00"), FromPricing(Now)));

    [Test]
    public void money_that_arrived_is_booked_once_whichever_fact_tells_of_it()
    {
        var append = Pay(Owes50, "50.00").ShouldRecord().Single();
        var after = Owes50.Evolve(append.Recorded);

        append.Stream.ShouldBe(new StreamId.Invoice(Tenant, Invoice));
        append.Event.ShouldBe(new PaymentReceived(
            Tenant, Invoice, Payment, Dollars("50.00"), "in_1",
            new(Now, Now, "stripe-sync", Cause.Of(new FactId(Id("fact"))))));
        after.LeftToPay.ShouldBe(Dollars("0.00"));
        Pay(after, "50.00").ShouldBeAlreadySo();
        Pay(after, "50.00", fact: "again").ShouldBeAlreadySo();
        Pay(after, "49.00").ShouldRefuse(Refusal.KeyReused);
    }

    [Test]
    public void more_than_is_owed_leaves_the_tenant_in_credit()
    {
        var after = After(Owes50, Pay(Owes50, "60.00"));

        (after.Balance, after.LeftToPay).ShouldBe((Dollars("-10.00"), Dollars("0.00")));
    }

    [Test]
    public void a_payment_before_its_invoice_waits() =>
        Pay(null, "50.00").ShouldBe(Decision.WaitFor(Missing.Invoice, Invoice.ToString()));

    [Test]
    public void a_payment_is_of_its_tenant_its_currency_and_above_zero()
    {
        Take(Owes50, new TakePayment.Received(OtherTenant, Invoice, Payment, Dollars("1.00"), "in_1", Fact("fact")))
            .ShouldRefuse(Refusal.NotFound);
        Take(Owes50, new TakePayment.Received(
                Tenant, Invoice, Payment, Text.Read<Money>("50 XOF"), "in_1", Fact("fact")))
            .ShouldRefuse(Refusal.CurrencyDiffers);
        Pay(Owes50, "0.00").ShouldRefuse(Refusal.AmountNotPositive);
    }

    [Test]
    public void a_failure_is_kept_and_moves_no_money()
    {
        var after = After(Owes50, Fail(Owes50));

        after.LeftToPay.ShouldBe(Dollars("50.00"));
        Fail(after).ShouldBeAlreadySo();
        Fail(after, "second").ShouldRecord<PaymentFailed>().Failure.ShouldBe("card_declined");
        After(after, Pay(after, "50.00")).LeftToPay.ShouldBe(Dollars("0.00"));
    }

    [Test]
    public void a_refund_makes_the_invoice_open_again_up_to_what_was_paid()
    {
        var paid = After(Owes50, Pay(Owes50, "50.00"));
        var refunded = After(paid, Refund(paid, "20.00"));

        refunded.LeftToPay.ShouldBe(Dollars("20.00"));
        Refund(refunded, "20.00").ShouldBeAlreadySo();
        Refund(refunded, "21.00").ShouldRefuse(Refusal.KeyReused);
        Refund(refunded, "30.01", "re_2").ShouldRefuse(Refusal.AboveWhatIsLeft, Usd100("30"));
        Refund(refunded, "30.00", "re_2").ShouldRecord<RefundIssued>();
    }

    [Test]
    public void what_comes_before_its_payment_waits_for_it()
    {
        var wait = Decision.WaitFor(Missing.Payment, Payment.ToString());

        Refund(Owes50, "20.00").ShouldBe(wait);
        Dispute(Owes50, null).ShouldBe(wait);
        Dispute(After(Owes50, Pay(Owes50, "50.00")), DisputeOutcome.Won).ShouldBe(wait);
    }

    [Test]
    public void a_dispute_holds_the_money_until_it_is_decided()
    {
        var paid = After(Owes50, Pay(Owes50, "50.00"));
        var disputed = After(paid, Dispute(paid, null));

        disputed.LeftToPay.ShouldBe(Dollars("0.00"));
        Dispute(disputed, null).ShouldBeAlreadySo();
        Refund(disputed, "1.00").ShouldRefuse(Refusal.AboveWhatIsLeft, Usd100("0"));

        var won = After(disputed, Dispute(disputed, DisputeOutcome.Won));
        (won.LeftToPay, won.Payments.All[Payment].Left).ShouldBe((Dollars("0.00"), Dollars("50.00")));
        Dispute(won, DisputeOutcome.Won).ShouldBeAlreadySo();
        Dispute(won, DisputeOutcome.Lost).ShouldRefuse(Refusal.KeyReused);

        var lost = After(disputed, Dispute(disputed, DisputeOutcome.Lost));
        (lost.LeftToPay, lost.Payments.All[Payment].Left).ShouldBe((Dollars("50.00"), Dollars("0.00")));
    }

    [Test]
    public void what_is_left_to_pay_is_written_off_once()
    {
        var paid = After(Owes50, Pay(Owes50, "20.00"));
        var written = After(paid, Lose(paid));

        written.LeftToPay.ShouldBe(Dollars("0.00"));
        Lose(written).ShouldBeAlreadySo();
        Lose(written, "another").ShouldRefuse(Refusal.NothingLeft, Usd100("0"));
        Lose(paid, money: "30.01").ShouldRefuse(Refusal.AboveWhatIsLeft, Usd100("30"));
        Lose(paid, money: "0.00").ShouldRefuse(Refusal.AmountNotPositive);
        Lose(After(paid, Lose(paid, money: "10.00")), money: "11.00").ShouldRefuse(Refusal.KeyReused);
        WriteOff.Decide(new(Tenant, Invoice, Id("off"), Ask(reason: "")), paid, Now).ShouldRefuse(Refusal.ReasonMissing);
        WriteOff.Decide(new(OtherTenant, Invoice, Id("off"), Ask()), paid, Now).ShouldRefuse(Refusal.NotFound);
        WriteOff.Decide(new(Tenant, Invoice, Id("off"), Ask()), null, Now).ShouldRefuse(Refusal.NotFound);
    }

    private static InvoiceState After(InvoiceState before, Decision decision) =>
        before.Evolve(decision.ShouldRecord().Single().Recorded);

    private static Decision Take(InvoiceState? state, TakePayment.Command command) =>
        TakePayment.Decide(command, state, Now);

    private static Decision Pay(InvoiceState? state, string money, string fact = "fact") => Take(
        state, new TakePayment.Received(Tenant, Invoice, Payment, Dollars(money), "in_1", Fact(fact)));

    private static Decision Fail(InvoiceState state, string fact = "failed") => Take(state, new TakePayment.Failed(
        Tenant, Invoice, Payment, Dollars("50.00"), "in_1", "card_declined", Fact(fact)));

    private static Decision Refund(InvoiceState state, string money, string stripeId = "re_1") => Take(
        state, new TakePayment.Refunded(Tenant, Invoice, Payment, Dollars(money), stripeId, Fact("refund")));

    private static Decision Dispute(InvoiceState state, DisputeOutcome? outcome) => Take(
        state, new TakePayment.Disputed(Tenant, Invoice, Payment, Dollars("50.00"), "dp_1", outcome, Fact("dispute")));

    private static Decision Lose(InvoiceState state, string id = "off", string? money = null) => WriteOff.Decide(
        new(Tenant, Invoice, Id(id), Ask(), money is null ? null : Dollars(money)), state, Now);

    private static Request Fact(string name) => From("stripe-sync", name, Now);
}
