using Billing.Contracts.Values;
using Billing.Ledger.Corrections;
using Billing.Ledger.Events;
using Billing.Ledger.Invoices;
using Billing.Ledger.Periods;
using static Billing.Ledger.Tests.Given;

namespace Billing.Ledger.Tests;

public class CorrectManyTests
{
    private static readonly ChargeId First = new(Id("first")), Second = new(Id("second")), None = new(Id("none"));

    [Test]
    public void each_charge_gets_its_own_event_with_the_one_cause_and_reason()
    {
        var plan = Decide(new CorrectMany.Doing.Credit(Usd100("10")), Fresh, First, Second, First, None);

        plan.Outcomes.Select(outcome => outcome.Charge).ShouldBe([First, Second, None]);
        plan.Outcomes[2].Decision.ShouldRefuse(Refusal.NotFound);
        plan.Appends.Select(append => append.Id)
            .ShouldBe([EventIds.Of(Tenant, "bulk-1", First), EventIds.Of(Tenant, "bulk-1", Second)]);
        plan.Appends.ShouldAllBe(append => append.Event.Origin.Cause == Cause.Of("bulk-1")
            && append.Event.Origin.Reason == "Outage of 3 March" && append.Event.Origin.Actor == "ada@billing");
        plan.Changes.ShouldBe([Usd100("-20")]);
    }

    [Test]
    public void a_batch_that_was_recorded_is_so_already()
    {
        var recorded = Decide(new CorrectMany.Doing.Void(), Fresh, First).Appends.Single().Recorded;

        var again = Decide(
            new CorrectMany.Doing.Void(), id => Fresh(id) with { Charge = Fresh(id).Charge.Evolve(recorded) }, First);

        again.Outcomes.Single().Decision.ShouldBeAlreadySo();
        again.Changes.ShouldBeEmpty();
    }

    [Test]
    public void charges_are_set_to_an_amount() =>
        Decide(new CorrectMany.Doing.Adjust(new AdjustCharge.Target.Of(Usd100("1"))), Fresh, First, Second)
            .Changes.ShouldBe([Usd100("-198")]);

    // The line of both has 120 left, the charges 100 each.
    [Test]
    public void charges_on_one_line_share_what_is_left_of_it()
    {
        var plan = Decide(new CorrectMany.Doing.Void(), Issued, First, Second);

        plan.Appends.Select(append => append.Event).OfType<ChargeVoided>().Select(moved => moved.Amount)
            .ShouldBe([Usd100("-100"), Usd100("-20")]);
    }

    private static CorrectMany.Plan Decide(
        CorrectMany.Doing doing, Func<ChargeId, Correctable> find, params ChargeId[] charges) => CorrectMany.Decide(
        new(Tenant, charges, doing, "bulk-1", "ada@billing", "Outage of 3 March"),
        charge => charge == None ? null : find(charge), Now);

    private static Correctable Fresh(ChargeId id) => new(ChargeState.Of(id, Posted), PeriodGuard.New);

    private static Correctable Issued(ChargeId id)
    {
        var line = CorrectionTests.LineIdOf(Invoice);
        var invoice = InvoiceState.Of(new(
            Tenant, Invoice, "1", InMarch, 1, Now,
            [new(line, LineKind.Usage, Usd100("120"), Dollars("120.00"), Dollars("0.00"), Dollars("0.00"), Meter)],
            Dollars("120.00"), FromPricing(Now)));
        return new(
            ChargeState.Of(id, Posted), new(PeriodStatus.Issued, 1, Usd100("120"), Given.Invoice), InApril, invoice);
    }
}
