using Billing.Ledger.Accounts;
using Billing.Ledger.Events;
using static Billing.Ledger.Tests.Given;

namespace Billing.Ledger.Tests;

public class PostingsTests
{
    private static readonly Type[] MoveNoMoney =
    [
        typeof(PaymentFailed), typeof(LineCorrected), typeof(PeriodClosed), typeof(PeriodReopened),
        typeof(ChargeRefused), typeof(AskRefused),
    ];

    private static IEnumerable<TestCaseData> Events => Samples.All.Select(sample =>
        new TestCaseData(sample).SetArgDisplayNames(EventNames.Of(sample.GetType())));

    [TestCaseSource(nameof(Events))]
    public void every_event_is_in_the_accounts_or_is_said_to_move_no_money(LedgerEvent happened) =>
        Postings.Of(happened).Any().ShouldBe(!MoveNoMoney.Contains(happened.GetType()));

    [Test]
    public void an_unknown_event_stops_the_books() =>
        Should.Throw<NotSupportedException>(() => Postings.Of(new Unheard()));

    [Test]
    public void a_charge_is_unbilled_and_revenue_of_its_meter() => Postings.Of(Posted).ShouldBe(
    [
        new(Account.UnbilledReceivable, Usd100("100")), new(Account.UsageRevenue, Usd100("-100"), Meter),
    ]);

    [TestCase(ChargeKind.Use, Account.UsageRevenue)]
    [TestCase(ChargeKind.Merged, Account.UsageRevenue)]
    [TestCase(ChargeKind.Change, Account.UsageRevenue)]
    [TestCase(ChargeKind.Fee, Account.FeeRevenue)]
    [TestCase(ChargeKind.Proration, Account.FeeRevenue)]
    [TestCase(ChargeKind.TrueUp, Account.CommitmentRevenue)]
    public void each_kind_of_charge_is_revenue_of_its_own(ChargeKind kind, Account revenue) =>
        Postings.Of(Posted with { Kind = kind })[1].Account.ShouldBe(revenue);

    [Test]
    public void a_charge_of_nothing_posts_nothing() =>
        Postings.Of(Posted with { Amount = Usd100("0") }).ShouldBeEmpty();

    // 10.005 rounds to 10.00 (even), discount 1.00, tax 1.80.
    [Test]
    public void an_invoice_turns_what_was_unbilled_into_what_is_owed() => Postings.Of(new InvoiceIssued(
            Tenant, Invoice, "1", InMarch, 1, Now,
            [
                new(new(Id("line")), LineKind.Usage, Usd100("10.005"), Dollars("10.00"), Dollars("1.00"),
                    Dollars("1.80"), Meter),
            ],
            Dollars("10.80"), FromPricing(Now)))
        .ShouldBe(
        [
            new(Account.AccountsReceivable, Usd100("10.8")),
            new(Account.UnbilledReceivable, Usd100("-10.005")),
            new(Account.TaxPayable, Usd100("-1.8")),
            new(Account.Discounts, Usd100("1")),
            new(Account.Rounding, Usd100("0.005")),
        ]);

    [Test]
    public void a_credit_note_takes_revenue_tax_and_rounding_back() => Postings.Of(new CreditNoteIssued(
            Tenant, Invoice, new(Id("note")),
            [
                new(new(Id("line")), LineKind.Usage, Usd100("10.005"), Dollars("10.00"), Dollars("1.80"), Meter),
                new(new(Id("fee")), LineKind.Correction, Usd100("-1"), Dollars("-1.00"), Dollars("0.00")),
            ],
            Dollars("10.80"), false, FromPricing(Now)))
        .ShouldBe(
        [
            new(Account.AccountsReceivable, Usd100("-11.8")),
            new(Account.TaxPayable, Usd100("1.8")),
            new(Account.UsageRevenue, Usd100("10.005"), Meter),
            new(Account.Rounding, Usd100("-0.005")),
            new(Account.AccountsReceivable, Usd100("1")),
            new(Account.FeeRevenue, Usd100("-1")),
        ]);

    [Test]
    public void a_lost_dispute_is_owed_again()
    {
        var dispute = new PaymentDisputed(Tenant, Invoice, Payment, Dollars("5.00"), "dp_1", FromPricing(Now));

        Accounts(dispute).ShouldBe([Account.DisputedPayments, Account.CashClearing]);
        Accounts(dispute with { Outcome = DisputeOutcome.Won })
            .ShouldBe([Account.CashClearing, Account.DisputedPayments]);
        Accounts(dispute with { Outcome = DisputeOutcome.Lost })
            .ShouldBe([Account.AccountsReceivable, Account.DisputedPayments]);
    }

    private static IEnumerable<Account> Accounts(LedgerEvent happened) => Postings.Of(happened)
        .OrderByDescending(posting => posting.Amount.Trillionths).Select(posting => posting.Account);

    private sealed record Unheard() : LedgerEvent(Given.Tenant, FromPricing(Given.Now));
}
