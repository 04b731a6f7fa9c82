using System.Numerics;
using Billing.Contracts.Catalog;
using Billing.Contracts.Invoices;
using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.Pricing.Rating;
using Billing.Pricing.Subscriptions;
using FsCheck;
using FsCheck.Fluent;
using static Billing.Pricing.Tests.Rating.Given;
using Oracle = Billing.Pricing.Tests.Rating.Oracle;

namespace Billing.Pricing.Tests.Subscriptions;

public class FeeTests
{
    private static readonly PlanPublishedV1 Starter = PlanVersion(0, "31 USD");
    private static readonly PlanPublishedV1 Big = PlanVersion(0, "62 USD") with { Plan = PlanId.Of("big") };
    private static readonly BillingPeriod April = new(March.EndExclusive, At("2026-05-01T00:00:00Z"));

    [Test]
    public void a_whole_period_costs_the_base_fee_once()
    {
        var catalog = CatalogOf(MeterSet(), Starter, Subscribed());
        var rated = Rate(catalog, March);

        rated.Id.ShouldBe(RatingIds.Fee(Sub, March));
        rated.Fact!.Amount.ShouldBe(Money("31 USD"));
        rated.Fact.Trace.Steps.ShouldBe([new("starter, 31 of 31 days", Money("31 USD"), Units(31))]);
        RateFee.Decide(catalog.Subscriptions[Sub], March, catalog, Utc, rated.Fees).Fact.ShouldBeNull();
    }

    [Test]
    public void the_first_period_costs_its_days_and_the_day_of_the_start_counts() =>
        Rate(CatalogOf(MeterSet(), Starter, Subscribed("2026-03-22T15:00:00Z")), March).Fact!.Amount.ShouldBe(Money("10 USD"));

    [Test]
    public void the_last_period_costs_its_days_and_the_day_of_the_end_does_not_count() =>
        Rate(CatalogOf(MeterSet(), Starter, Subscribed() with { Until = At("2026-03-11T15:00:00Z") }), March).Fact!.Amount
            .ShouldBe(Money("10 USD"));

    [Test]
    public void a_trial_is_free_and_the_fee_begins_on_the_day_it_ends() =>
        Rate(CatalogOf(MeterSet(), Starter, Subscribed() with { TrialUntil = At("2026-03-22T00:00:00Z") }), March).Fact!.Amount
            .ShouldBe(Money("10 USD"));

    [Test]
    public void a_period_in_which_the_subscription_is_not_in_force_has_no_fee() =>
        Rate(CatalogOf(MeterSet(), Starter, Subscribed("2026-04-01T00:00:00Z")), March).Fact.ShouldBeNull();

    [Test]
    public void days_are_those_of_the_time_zone()
    {
        // The 22nd has begun in Tokyo.
        var catalog = CatalogOf(MeterSet(), Starter, Subscribed("2026-03-21T15:00:00Z") with { TimeZone = "Asia/Tokyo" });
        var zone = Zone("Asia/Tokyo")!;
        var period = catalog.Subscriptions[Sub].Period(Now, zone);

        RateFee.Decide(catalog.Subscriptions[Sub], period, catalog, zone, null).Fact!.Amount.ShouldBe(Money("10 USD"));
    }

    [Test]
    public void a_change_in_mid_period_brings_the_difference_of_its_days_when_it_takes_effect()
    {
        var catalog = CatalogOf(MeterSet(), Starter, Big, Subscribed());
        var fees = Rate(catalog, March).Fees!;
        var change = At("2026-03-22T09:00:00Z");
        var changed = catalog.Evolve(Subscribed() with { Plan = Big.Plan, From = change });

        Prorate(changed, fees, change.AddTicks(-10)).ShouldBe(new RateProration.Outcome.Later(change));

        var rated = Prorate(changed, fees, change).ShouldBeOfType<RateProration.Outcome.Rated>();
        var covered = new BillingPeriod(change, March.EndExclusive);
        rated.Id.ShouldBe(RatingIds.Proration(Sub, March, covered));
        (rated.Fact.Amount, rated.Fact.Plan, rated.Fact.Covered).ShouldBe((Money("10 USD"), Big.Plan, covered));
        rated.Fact.Trace.Steps.Select(step => (step.What, step.Amount)).ShouldBe(
        [
            ("starter, 21 of 31 days", Money("21 USD")), ("big, 10 of 31 days", Money("20 USD")),
            ("starter, 31 of 31 days", Money("-31 USD")),
        ]);
        Prorate(changed, rated.Fees, change).ShouldBeOfType<RateProration.Outcome.Nothing>();
    }

    [Test]
    public void an_end_in_mid_period_gives_back_its_days_and_when_it_is_taken_back_the_days_cost_again()
    {
        var catalog = CatalogOf(MeterSet(), Starter, Subscribed());
        var fees = Rate(catalog, March).Fees!;
        var ended = catalog.Evolve(Subscribed() with { Until = At("2026-03-22T00:00:00Z") });

        var back = Prorate(ended, fees, At("2026-03-22T00:00:00Z")).ShouldBeOfType<RateProration.Outcome.Rated>();

        back.Fact.Amount.ShouldBe(Money("-10 USD"));
        var again = Prorate(catalog, back.Fees, At("2026-03-22T00:00:00Z")).ShouldBeOfType<RateProration.Outcome.Rated>();
        again.Fact.Amount.ShouldBe(Money("10 USD"));
        again.Id.ShouldNotBe(back.Id);
        Prorate(catalog, again.Fees, March.EndExclusive).ShouldBeOfType<RateProration.Outcome.Nothing>();
    }

    [Test]
    public void a_new_version_of_a_plan_changes_the_fee_with_the_next_period()
    {
        var catalog = CatalogOf(MeterSet(), Starter, Subscribed());
        var fees = Rate(catalog, March).Fees!;
        var dearer = catalog.Evolve(Starter with { Version = 2, BaseFees = [Money("60 USD")], From = Now });

        Prorate(dearer, fees, March.EndExclusive).ShouldBeOfType<RateProration.Outcome.Nothing>();
        Rate(dearer, April).Fact!.Amount.ShouldBe(Money("60 USD"));
    }

    [Property(MaxTest = 300)]
    public Property fee_and_prorations_add_up_to_the_share_of_days() => Prop.ForAll(Changes.ToArbitrary(), changes =>
    {
        var catalog = CatalogOf(MeterSet(), PlanVersion(0, "10 USD"), Big with { BaseFees = [Money("99.99 USD")] }, Subscribed());
        var first = Rate(catalog, March);
        var (sum, fees) = (first.Fact!.Amount, first.Fees!);
        foreach (var (at, isBig) in changes)
        {
            catalog = catalog.Evolve(Subscribed() with { From = at, Plan = isBig ? Big.Plan : Plan });
            if (Prorate(catalog, fees, at) is not RateProration.Outcome.Rated rated) continue;

            rated.Fact.Trace.Steps.Aggregate(Amount.Zero(sum.Currency), (total, step) => total + step.Amount).ShouldBe(rated.Fact.Amount);
            (sum, fees) = (sum + rated.Fact.Amount, rated.Fees);
        }

        // Each day by itself: the plan in force at the end of it.
        var days = Enumerable.Range(1, 31).Select(day => changes.LastOrDefault(change => change.At.Day <= day).IsBig);
        var exact = days.Aggregate(BigInteger.Zero, (all, isBig) => all + (isBig ? 99_990_000_000_000 : 10_000_000_000_000));
        ((BigInteger)sum.Trillionths).ShouldBe(Oracle.HalfEven(exact, 31));
    });

    [Test]
    public void closing_waits_for_the_tide_or_the_deadline_and_then_answers_the_same_for_ever()
    {
        var (state, total) = (Close(minimum: "50 USD"), new PeriodTotal());
        var early = state with { TakenUpTo = March.EndExclusive.AddTicks(-10) };

        AnswerClose.Decide(Ask, early, total, Ask.Deadline.AddTicks(-10)).ShouldBe(new AnswerClose.Outcome.Waits(Ask.Deadline));

        var late = Answered(AnswerClose.Decide(Ask, early, total, Ask.Deadline));
        Answer(late).Shortfall.ShouldBe("billing.usage.raw.v1/3 at 4711");

        var answer = Answer(Answered(AnswerClose.Decide(Ask, state, total, Now)));
        answer.ShouldBe(new(Tenant, Ask.Currency, March, 1, March.EndExclusive, 1, 2, Sub));
        AnswerClose.Decide(Ask, state with { Given = [answer], Parked = 9 }, total, Now).ShouldBe(new AnswerClose.Outcome.AlreadyGiven(answer));
    }

    [Test]
    public void the_answer_stands_behind_the_true_up_and_the_next_fee()
    {
        var catalog = CatalogOf(MeterSet(), Starter, Subscribed());
        var outcome = Answered(AnswerClose.Decide(Ask, Close("50 USD") with { NextFee = Rate(catalog, April) }, new PeriodTotal(), Now));

        outcome.Facts.Select(fact => fact.Id).ShouldBe(
            [RatingIds.TrueUp(Sub, March), RatingIds.Fee(Sub, April), RatingIds.Answer(Tenant, Sub, Ask.Currency, March, 1)]);
        ((TrueUpRatedV1)outcome.Facts[0].Fact).Amount.ShouldBe(Money("40 USD"));
        outcome.Tallies.ShouldHaveSingleItem().ShouldSatisfyAllConditions(
            tally => tally.IsAnswered.ShouldBeTrue(), tally => tally.Total.ShouldBe(Money("50 USD")));
    }

    [Test]
    public void a_second_close_has_no_second_true_up()
    {
        var (state, total) = (Close("50 USD"), new PeriodTotal());
        var first = Answered(AnswerClose.Decide(Ask, state, total, Now));
        var again = state with { Meters = [state.Meters[0] with { Tally = first.Tallies[0] }], Given = [Answer(first)] };

        var second = Answered(AnswerClose.Decide(Ask with { CloseNumber = 2 }, again, total, Now));

        second.Facts.ShouldHaveSingleItem().Id.ShouldBe(RatingIds.Answer(Tenant, Sub, Ask.Currency, March, 2));
    }

    private static readonly CloseAskedV1 Ask = new(Tenant, Currency.Of("USD"), March, 1, At("2026-04-02T00:00:00Z"), Sub);

    private static Gen<(DateTimeOffset At, bool IsBig)[]> Changes { get; } =
        (from day in Gen.Choose(1, 31)
         from minute in Gen.Choose(1, 1_439)
         from isBig in Gen.Elements(true, false)
         select (At: March.Start.AddDays(day - 1).AddMinutes(minute), IsBig: isBig))
        .ArrayOf().Select(changes => changes.DistinctBy(change => change.At).OrderBy(change => change.At).ToArray());

    private static AnswerClose.State Close(string minimum)
    {
        var terms = TermsFor(CatalogOf(
            MeterSet(), Starter, Subscribed(), Rule(PerUnit("1 USD")) with { MinimumCommitment = Money(minimum) }));
        var tally = RateUse.Decide(Used("1", 10), terms, Tally.Empty(terms), new PeriodTotal()).Tally;
        return new(March.EndExclusive, "billing.usage.raw.v1/3 at 4711", 1, 2, [], [new(terms, tally)]);
    }

    private static AnswerClose.Outcome.Answered Answered(AnswerClose.Outcome outcome) =>
        outcome.ShouldBeOfType<AnswerClose.Outcome.Answered>();

    private static PeriodAnsweredV1 Answer(AnswerClose.Outcome.Answered answered) => (PeriodAnsweredV1)answered.Facts[^1].Fact;

    private static RateFee.Outcome Rate(CatalogState catalog, BillingPeriod period) =>
        RateFee.Decide(catalog.Subscriptions[Sub], period, catalog, Utc, null);

    private static RateProration.Outcome Prorate(CatalogState catalog, FeesRated fees, DateTimeOffset now) =>
        RateProration.Decide(catalog.Subscriptions[Sub], March, catalog, Utc, fees, now);

    private static TimeSpan Utc(DateTimeOffset moment) => TimeSpan.Zero;
}
