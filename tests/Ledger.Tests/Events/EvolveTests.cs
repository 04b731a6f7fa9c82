using Billing.Ledger.Corrections;
using Billing.Ledger.Credits;
using Billing.Ledger.Events;
using Billing.Ledger.Invoices;
using Billing.Ledger.Periods;
using static Billing.Ledger.Tests.Given;

namespace Billing.Ledger.Tests;

/// <summary>Every event moves the state that decides about what it limits, or is said not to.</summary>
public class EvolveTests
{
    private static readonly Type[] OfCharges =
    [
        typeof(ChargeVoided), typeof(ChargeCredited), typeof(ChargeAdjusted), typeof(ChargeTakenBack),
        typeof(CorrectionReversed),
    ];

    private static readonly Type[] OfCredit = [typeof(CreditGranted), typeof(CreditApplied), typeof(CreditExpired)];

    private static readonly Type[] OfInvoices =
    [
        typeof(CreditNoteIssued), typeof(LineCorrected), typeof(CreditApplied), typeof(PaymentReceived),
        typeof(PaymentFailed), typeof(PaymentDisputed), typeof(RefundIssued), typeof(WrittenOff),
    ];

    private static readonly Type[] OfPeriods = [typeof(PeriodClosed), typeof(PeriodReopened), typeof(InvoiceIssued)];

    // A charge begins its state, and a refusal decides nothing.
    private static readonly Type[] OfNothing = [typeof(ChargePosted), typeof(ChargeRefused), typeof(AskRefused)];

    private static readonly ChargeState ChargeState = ChargeState.Of(Charge, Posted);

    private static readonly InvoiceState InvoiceState =
        InvoiceState.Of(Samples.All.OfType<InvoiceIssued>().Single());

    private static readonly CreditState CreditState = CreditState.New.Evolve(new(
        Id("grant"), new CreditGranted(Tenant, Dollars("100.00"), FromPricing(Now))));

    private static readonly PeriodGuard Guard = new(PeriodStatus.Closed, 4, Usd100("3"));

    private static IEnumerable<TestCaseData> Events => Samples.All.Select(sample =>
        new TestCaseData(sample).SetArgDisplayNames(EventNames.Of(sample.GetType())));

    [TestCaseSource(nameof(Events))]
    public void an_event_moves_what_it_limits_and_nothing_else(LedgerEvent happened)
    {
        var recorded = new Recorded(Id("event"), happened);
        var kind = happened.GetType();

        (!ReferenceEquals(ChargeState.Evolve(recorded), ChargeState)).ShouldBe(OfCharges.Contains(kind));
        (!ReferenceEquals(CreditState.Evolve(recorded), CreditState)).ShouldBe(OfCredit.Contains(kind));
        (InvoiceState.Evolve(recorded) != InvoiceState).ShouldBe(OfInvoices.Contains(kind));
        (!ReferenceEquals(Guard.Evolve(happened), Guard)).ShouldBe(OfPeriods.Contains(kind));
    }

    [Test]
    public void every_event_is_in_one_of_these_lists() =>
        OfCharges.Concat(OfCredit).Concat(OfInvoices).Concat(OfPeriods).Concat(OfNothing).Distinct()
            .ShouldBe(EventNames.All.Values, ignoreOrder: true);

    [Test]
    public void what_a_state_does_not_know_leaves_it_as_it_is()
    {
        var unknown = new LineCorrected(Tenant, Invoice, new(Id("none")), Charge, Usd100("-1"), FromPricing(Now));
        var expired = new CreditExpired(Tenant, Id("none"), Dollars("1.00"), FromPricing(Now));

        InvoiceState.Evolve(new(Id("event"), unknown)).ShouldBe(InvoiceState);
        CreditState.Evolve(new(Id("event"), expired)).ShouldBe(CreditState);
    }
}
