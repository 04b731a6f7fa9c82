using Billing.Contracts.Catalog;
using Billing.Contracts.Invoices;
using Billing.Contracts.Payments;
using Billing.Contracts.Values;
using Billing.Ledger.Charges;
using Billing.Ledger.Events;
using Billing.Ledger.Invoices;
using Billing.Ledger.Payments;
using Microsoft.Extensions.Logging.Abstractions;
using static Billing.Ledger.Tests.Given;
using static Billing.Ledger.Tests.LedgerDatabase;
using LineKind = Billing.Contracts.Invoices.LineKind;
using PaymentReceived = Billing.Ledger.Events.PaymentReceived;

namespace Billing.Ledger.Tests;

/// <summary>Invoices, asks and payments as they are stored, on real tables.</summary>
public class BookingTests
{
    private static readonly DecisionV1 Decided = new("ada@billing", Now, "Goodwill");
    private static readonly LineId Line = LineIds.Of(Invoice, LineKind.Usage, Meter, March);

    private LedgerDatabase _ledger = null!;

    [SetUp]
    public async Task Create()
    {
        _ledger = await WithSubscription();
        await _ledger.Take(
            new TakeRatings(), Fact("a", Use("a", "60")), Fact("b", Use("b", "40")), Fact("close", Answer(1)));
    }

    [TearDown]
    public async Task Drop()
    {
        await _ledger.ShouldAddUp();
        await _ledger.DisposeAsync();
    }

    [Test]
    public async Task an_invoice_issues_its_period_once()
    {
        await Issue();
        await Issue();

        (await _ledger.Events<InvoiceIssued>()).ShouldHaveSingleItem().Total.ShouldBe(Dollars("100.00"));
        (await _ledger.Count($"period_guards where status = 2 and invoice_id = '{Invoice.Value}'")).ShouldBe(1);
    }

    [Test]
    public async Task a_payment_waits_for_its_invoice_and_is_applied_with_it()
    {
        await Pay("pay", "70.00");
        await _ledger.Take(new TakePayments(), Fact("refund", Refund("pay", "20.00")));
        (await _ledger.Count("waiting_facts where kind = 'ledger-invoice'")).ShouldBe(2);
        await Issue();

        (await _ledger.Events())[^3..].Select(stored => stored.Event.GetType())
            .ShouldBe([typeof(InvoiceIssued), typeof(PaymentReceived), typeof(RefundIssued)]);
        (await _ledger.Count("waiting_facts")).ShouldBe(0);
    }

    [Test]
    public async Task a_refund_waits_for_its_payment()
    {
        await Issue();
        await _ledger.Take(new TakePayments(), Fact("refund", Refund("pay", "20.00")));
        (await _ledger.Count("waiting_facts where kind = 'ledger-payment'")).ShouldBe(1);
        await Pay("pay", "70.00");
        await Pay("pay", "70.00");

        (await _ledger.Events<RefundIssued>()).Count.ShouldBe(1);
        (await _ledger.Events<PaymentReceived>()).Count.ShouldBe(1);
        (await _ledger.Count("waiting_facts")).ShouldBe(0);
    }

    [Test]
    public async Task more_than_was_paid_cannot_go_back_and_a_person_learns_of_it()
    {
        await Issue();
        await Pay("pay", "70.00");
        await _ledger.Take(new TakePayments(), Fact("refund", Refund("pay", "70.01")));

        (await _ledger.Events<AskRefused>()).ShouldHaveSingleItem().Left.ShouldBe(Usd100("70"));
        (await _ledger.Count("suspense where refusal = 'above-what-is-left'")).ShouldBe(1);
    }

    [Test]
    public async Task asks_are_answered_also_those_that_came_before_the_invoice()
    {
        await _ledger.Take(new TakeInvoicing(), Fact("credit", new CreditAskedV1(
            Tenant, Invoice, new(Id("note")), [new(Line, Usd100("30"))], Decided)));
        await Issue();
        await _ledger.Take(
            new TakeInvoicing(),
            Fact("too much", new CreditAskedV1(
                Tenant, Invoice, new(Id("other note")), [new(Line, Usd100("70.01"))], Decided)),
            Fact("void", new VoidAskedV1(Tenant, Invoice, new(Id("void note")), Decided)));

        (await _ledger.Events<CreditNoteIssued>()).Select(note => (note.Total, note.IsVoid))
            .ShouldBe([(Dollars("30.00"), false), (Dollars("70.00"), true)]);
        (await _ledger.Events<AskRefused>()).ShouldHaveSingleItem().Ask.ShouldBe(new(Id("too much")));
    }

    [Test]
    public async Task an_invoice_that_does_not_have_the_sum_of_its_period_is_refused()
    {
        await _ledger.Take(new TakeInvoicing(), Fact("issued", Issued("99")));

        (await _ledger.Events<AskRefused>()).ShouldHaveSingleItem().Refusal.ShouldBe(Refusal.SumDiffers);
        (await _ledger.Count("period_guards where status = 1")).ShouldBe(1);
    }

    [Test]
    public async Task a_period_that_was_reopened_takes_entries_and_closes_again()
    {
        await _ledger.Take(
            new TakeInvoicing(), Fact("reopen", new ReopenAskedV1(Tenant, Usd, March, 1, Decided, Sub)));
        await _ledger.Post("c");
        await _ledger.Take(new TakeRatings(), Fact("close again", Answer(2)));

        (await _ledger.Events<PeriodClosed>()).Select(closed => (closed.CloseNumber, closed.Sum))
            .ShouldBe([(1, Usd100("100")), (2, Usd100("101"))]);
    }

    [Test]
    public async Task a_cancel_waits_while_its_period_is_being_invoiced()
    {
        await _ledger.Take(new TakeRatings(), Fact("cancel", Cancel("cancel", "a", "-60")));
        (await _ledger.Count("waiting_facts where kind = 'ledger-period'")).ShouldBe(1);
        using var retry = new RetryWaiting(_ledger.Transactions, _ledger.Time, NullLogger<RetryWaiting>.Instance);
        (await retry.Sweep(default)).ShouldBe(0);

        await Issue();
        (await retry.Sweep(default)).ShouldBe(1);

        var back = (await _ledger.Events<ChargeTakenBack>()).ShouldHaveSingleItem();
        back.Of.On.ShouldBe(new LineRef(Invoice, Line));
        back.Booking.Period.ShouldBe(April);
        (await _ledger.Events<LineCorrected>()).ShouldHaveSingleItem().Amount.ShouldBe(Usd100("-60"));
    }

    [Test]
    public async Task payments_and_their_invoice_may_come_at_the_same_moment()
    {
        var payments = Enumerable.Range(0, 10).Select(n => $"pay {n}").ToList();
        await Task.WhenAll([Issue(), .. payments.Select(name => Pay(name, "1.00"))]);

        (await _ledger.Count("waiting_facts")).ShouldBe(0);
        (await _ledger.Events<PaymentReceived>()).Count.ShouldBe(10);
    }

    private Task Issue() => _ledger.Take(new TakeInvoicing(), Fact("issued", Issued("100")));

    private Task Pay(string payment, string money) => _ledger.Take(new TakePayments(), Fact(
        payment, new PaymentReceivedV1(
            Tenant, new(Id(payment)), Invoice, Dollars(money), $"in_{payment}", Now)));

    private static PaymentRefundedV1 Refund(string payment, string money) =>
        new(Tenant, new(Id(payment)), Invoice, Dollars(money), "re_1", Now);

    private static InvoiceIssuedV1 Issued(string exact) => new(
        Tenant, Invoice, "T1-000001", March, 1, Now, Now.AddDays(14),
        [
            new(Line, LineKind.Usage, "API calls", Usd100(exact), Dollars($"{exact}.00"), Dollars("0.00"),
                Dollars("0.00"), Meter),
        ],
        Dollars("0.00"), Dollars($"{exact}.00"), Sub);
}
