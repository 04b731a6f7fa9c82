using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.Ledger.Periods;
using static Billing.Ledger.Tests.Given;

namespace Billing.Ledger.Tests;

public class PeriodTests
{
    private static readonly PeriodKey Key = InMarch.KeyOf(Tenant, Usd);
    private static readonly Slip Booked = new(Key, 3, Usd100("12.5"), Id("first"), Id("last"));
    private static readonly PeriodGuard ClosedOnce = new(PeriodStatus.Closed, 1, Usd100("12.5"));
    private static readonly PeriodGuard IssuedOnce =
        ClosedOnce with { Status = PeriodStatus.Issued, Invoice = Given.Invoice };

    [Test]
    public void a_close_states_what_the_slips_add_up_to()
    {
        var append = Close(PeriodGuard.New, 1).ShouldRecord().Single();

        append.Stream.ShouldBe(new StreamId.Period(Key));
        append.Id.ShouldBe(EventIds.Of(new FactId(Id("answer")), EventNames.PeriodClosed));
        append.Event.ShouldBe(new PeriodClosed(
            Tenant, InMarch, 1, 3, Usd100("12.5"), 4, 5,
            new(March.EndExclusive, Now, "pricing", Cause.Of(new FactId(Id("answer")))),
            Id("first"), Id("last"), "raw/3 at 4711"));
        PeriodGuard.New.Evolve(append.Event).ShouldBe(ClosedOnce);
    }

    [Test]
    public void a_close_that_was_answered_is_so_already_whatever_came_after()
    {
        Close(ClosedOnce, 1).ShouldBeAlreadySo();
        Close(IssuedOnce, 1).ShouldBeAlreadySo();
        Close(new(PeriodStatus.Open, 1), 1).ShouldBeAlreadySo();
    }

    [TestCase(0)]
    [TestCase(-1)]
    [TestCase(2)]
    public void a_close_has_the_next_number(int number) =>
        Close(PeriodGuard.New, number).ShouldRefuse(Refusal.CloseNumberDiffers);

    [Test]
    public void a_period_is_closed_once_at_a_time_and_never_after_its_invoice()
    {
        Close(ClosedOnce, 2).ShouldRefuse(Refusal.CloseNumberDiffers);
        Close(IssuedOnce, 2).ShouldRefuse(Refusal.PeriodIssued);
        Close(new(PeriodStatus.Open, 1), 2).ShouldRecord<PeriodClosed>().CloseNumber.ShouldBe(2);
    }

    [Test]
    public void an_empty_period_is_closed_with_nothing()
    {
        var closed = ClosePeriod.Decide(Answer(1), PeriodGuard.New, Slip.None(Key), Now).ShouldRecord<PeriodClosed>();

        (closed.Entries, closed.Sum, closed.First, closed.Last).ShouldBe((0L, Usd100("0"), null, null));
    }

    [Test]
    public void a_closed_period_is_reopened_once()
    {
        var append = Reopen(ClosedOnce, 1).ShouldRecord().Single();
        var open = ClosedOnce.Evolve(append.Event);

        append.Event.ShouldBeOfType<PeriodReopened>().CloseNumber.ShouldBe(1);
        open.ShouldBe(new(PeriodStatus.Open, 1));
        Reopen(open, 1).ShouldBeAlreadySo();
        Reopen(new(PeriodStatus.Closed, 2), 1).ShouldBeAlreadySo();
    }

    [Test]
    public void what_is_issued_open_or_another_close_is_not_reopened()
    {
        Reopen(IssuedOnce, 1).ShouldRefuse(Refusal.PeriodIssued);
        Reopen(PeriodGuard.New, 1).ShouldRefuse(Refusal.PeriodNotClosed);
        Reopen(PeriodGuard.New, 0).ShouldRefuse(Refusal.PeriodNotClosed);
        Reopen(ClosedOnce, 2).ShouldRefuse(Refusal.CloseNumberDiffers);
    }

    [Test]
    public void slips_add_up_in_their_order()
    {
        var one = Slip.Of(Id("a"), Posted)!.Value;
        var two = Slip.Of(Id("b"), Posted with { Amount = Usd100("-0.000000000001") })!.Value;

        one.And(two).ShouldBe(new(Key, 2, Usd100("99.999999999999"), Id("a"), Id("b")));
        Slip.None(Key).And(one).And(Slip.None(Key)).ShouldBe(one);
        Should.Throw<InvalidOperationException>(() => one.And(Slip.None(InApril.KeyOf(Tenant, Usd))));
    }

    [Test]
    public void a_transaction_leaves_one_slip_a_period()
    {
        var stream = new StreamId.Usage(Key);
        var slips = Slip.Of(
        [
            new(stream, Id("a"), Posted), new(stream, Id("b"), Posted with { Booking = InApril }),
            new(stream, Id("c"), Posted), new(stream, Id("d"), Samples.All.OfType<PeriodReopened>().Single()),
        ]);

        slips.ShouldBe(
        [
            new(Key, 2, Usd100("200"), Id("a"), Id("c")),
            new(InApril.KeyOf(Tenant, Usd), 1, Usd100("100"), Id("b"), Id("b")),
        ]);
    }

    [Test]
    public void only_charges_and_what_moves_them_are_booked_into_a_period() => Samples.All
        .Where(happened => Slip.Of(Id("a"), happened) is not null).Select(happened => happened.GetType())
        .ShouldBe(
            [typeof(ChargePosted), typeof(ChargeVoided), typeof(ChargeCredited), typeof(ChargeAdjusted),
                typeof(ChargeTakenBack), typeof(CorrectionReversed)], ignoreOrder: true);

    [Test]
    public void an_entry_is_booked_into_its_own_period_while_that_is_open()
    {
        Choose().ShouldBe(InMarch);
        Choose((InMarch, new(PeriodStatus.Open, 1))).ShouldBe(InMarch);
        Choose((InApril, ClosedOnce)).ShouldBe(InMarch);
    }

    [Test]
    public void else_into_the_first_open_one_behind_it()
    {
        Choose((InMarch, ClosedOnce)).ShouldBe(InApril);
        Choose((InMarch, IssuedOnce)).ShouldBe(InApril);
        Choose((InMarch, IssuedOnce), (InApril, ClosedOnce)).Period.Start.ShouldBe(April.EndExclusive);
    }

    [Test]
    public void another_subscription_or_currency_has_periods_of_its_own() => BookingPeriod.Choose(
        Tenant, Xof, InMarch, key => key == Key ? ClosedOnce : null, Subscription.MonthAfter).ShouldBe(InMarch);

    [Test]
    public void a_subscription_knows_the_periods_around_one()
    {
        var anchored = new Subscription(
            Sub, Tenant, Usd, new(new DateOnly(2026, 1, 31)), _ => TimeSpan.FromHours(1));
        var february = new BillingPeriod(At("2026-02-27T23:00:00Z"), At("2026-03-30T23:00:00Z"));

        anchored.After(february).ShouldBe(new(At("2026-03-30T23:00:00Z"), At("2026-04-29T23:00:00Z")));
        anchored.Before(february).ShouldBe(new(At("2026-01-30T23:00:00Z"), At("2026-02-27T23:00:00Z")));
    }

    [Test]
    public void only_three_events_move_a_guard() => Samples.All
        .Where(happened => PeriodGuard.New.Evolve(happened) != PeriodGuard.New
            || ClosedOnce.Evolve(happened) != ClosedOnce).Select(happened => happened.GetType())
        .ShouldBe([typeof(PeriodClosed), typeof(PeriodReopened), typeof(InvoiceIssued)], ignoreOrder: true);

    private static Booking Choose(params (Booking Booking, PeriodGuard Guard)[] guards) => BookingPeriod.Choose(
        Tenant, Usd, InMarch,
        key => guards.FirstOrDefault(one => one.Booking.KeyOf(Tenant, Usd) == key).Guard, Subscription.MonthAfter);

    private static Decision Close(PeriodGuard guard, int number) =>
        ClosePeriod.Decide(Answer(number), guard, Booked, Now);

    private static ClosePeriod.Command Answer(int number) =>
        new(Tenant, Usd, InMarch, number, 4, 5, From("pricing", "answer"), "raw/3 at 4711");

    private static Decision Reopen(PeriodGuard guard, int number) => ReopenPeriod.Decide(
        new(Tenant, Usd, InMarch, number, Ask()), guard, Now);
}
