using Billing.Contracts.Catalog;
using Billing.Contracts.Ratings;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;
using Billing.Pricing.Rating;
using static Billing.Pricing.Tests.Rating.Given;

namespace Billing.Pricing.Tests.Rating;

/// <summary>What single uses do, told with numbers that a reader can follow.</summary>
public class RatingTests
{
    private readonly PeriodTotal total = new();

    [Test]
    public void what_is_included_is_used_up_first_and_then_tiers_begin_at_zero()
    {
        var terms = TermsFor(CatalogOf(
            MeterSet(), PlanVersion(100), Subscribed(),
            Rule(new PriceModelV1.Graduated([new(Quantity.Zero, Price("1 USD")), new(Units(10), Price("0.5 USD"))]))));

        var first = Rate(terms, Tally.Empty(terms), Used("1", 90));
        var second = Rate(terms, first.Tally, Used("2", 15));
        var third = Rate(terms, second.Tally, Used("3", 10));

        first.Amount.ShouldBe(Money("0 USD"));
        second.Amount.ShouldBe(Money("5 USD"));
        third.Amount.ShouldBe(Money("7.5 USD"));
    }

    [Test]
    public void the_trace_tells_rule_level_units_and_both_totals()
    {
        var rule = Rule(new PriceModelV1.Graduated([new(Quantity.Zero, Price("1 USD")), new(Units(10), Price("0.5 USD"))]))
            with
        { Plan = Plan, Version = 3 };
        var terms = TermsFor(CatalogOf(MeterSet(), PlanVersion(100), Subscribed(), rule));
        var before = Rate(terms, Tally.Empty(terms), Used("1", 105));

        var (id, fact) = RatingFacts.Used(Used("2", 15), terms, Rate(terms, before.Tally, Used("2", 15)), total.Sheet);

        id.ShouldBe(RatingIds.Use(new("//test", "2"), 0, Meter));
        fact.Amount.ShouldBe(Money("10 USD"));
        var trace = fact.Trace;
        (trace.Rule, trace.RuleVersion, trace.Level).ShouldBe((rule.Rule, 3, PriceLevel.PlanMeter));
        (trace.Before, trace.After).ShouldBe((Money("5 USD"), Money("15 USD")));
        trace.Steps.ShouldBe(
        [
            new("included", Money("0 USD"), Units(100)),
            new("tier 1", Money("10 USD"), Units(10), Price("1 USD")),
            new("tier 2", Money("5 USD"), Units(10), Price("0.5 USD")),
        ]);
    }

    [Test]
    public void usage_is_rated_by_what_is_in_force_at_its_own_time_also_when_it_comes_late()
    {
        var terms = TermsFor(CatalogOf(
            MeterSet(), PlanVersion(), Subscribed(), Rule(PerUnit("1 USD")),
            Rule(PerUnit("2 USD")) with { Version = 2, From = At("2026-03-15T00:00:00Z") }));

        var late = Rate(terms, Rate(terms, Tally.Empty(terms), Used("1", 10, "2026-03-20T00:00:00Z")).Tally, Used("2", 10, "2026-03-14T23:59:59Z"));
        var after = Rate(terms, late.Tally, Used("3", 10, "2026-03-15T00:00:00Z"));

        late.Amount.ShouldBe(Money("10 USD"));
        after.Amount.ShouldBe(Money("20 USD"));
        total.Sheet.Steps().Select(step => step.What).ShouldBe(
            ["r1 version 1 from 2026-03-01 00:00:00Z", "per unit", "r1 version 2 from 2026-03-15 00:00:00Z", "per unit"]);
    }

    [Test]
    public void a_late_use_takes_from_the_allowance_what_a_dearer_one_had()
    {
        var terms = TermsFor(CatalogOf(
            MeterSet(), PlanVersion(10), Subscribed(), Rule(PerUnit("1 USD")),
            Rule(PerUnit("2 USD")) with { Version = 2, From = At("2026-03-15T00:00:00Z") }));

        var dear = Rate(terms, Tally.Empty(terms), Used("1", 10, "2026-03-20T00:00:00Z"));
        var late = Rate(terms, dear.Tally, Used("2", 10, "2026-03-10T00:00:00Z"));

        dear.Amount.ShouldBe(Money("0 USD"));
        late.Amount.ShouldBe(Money("20 USD"));
    }

    [Test]
    public void a_backdated_price_is_a_rating_of_the_difference()
    {
        var catalog = CatalogOf(MeterSet(), PlanVersion(), Subscribed(), Rule(PerUnit("1 USD")));
        var use = Used("1", 10, "2026-03-20T00:00:00Z");
        var before = Rate(TermsFor(catalog), Tally.Empty(TermsFor(catalog)), use);
        var terms = TermsFor(catalog.Evolve(Rule(PerUnit("0.7 USD")) with { Version = 2, From = March.Start }));

        var change = RateTerms.Decide(terms, before.Tally, [use], total);

        change.Amount.ShouldBe(Money("-3 USD"));
        RateTerms.Decide(terms, change.Tally, [use], total).Amount.IsZero.ShouldBeTrue();
        Should.Throw<InvalidOperationException>(() => RateUse.Decide(use, terms, before.Tally, total));
    }

    [Test]
    public void reported_units_are_charged_as_they_are_and_the_computed_ones_are_kept()
    {
        var catalog = CatalogOf(
            MeterSet(), PlanVersion(100), Subscribed(), Rule(PerUnit("1 USD")),
            new OverageSourceSetV1(Tenant, Meter, OverageSource.Reported, At("2026-01-01T00:00:00Z"), Decision));
        var terms = TermsFor(catalog);

        var usage = Rate(terms, Tally.Empty(terms), Used("1", 130));
        var report = Rate(terms, usage.Tally, Used("2", 20, scope: UsageScope.OverLimit));

        (usage.As, usage.Amount).ShouldBe((RatedAs.Informational, Money("0 USD")));
        (report.As, report.Amount).ShouldBe((RatedAs.Charged, Money("20 USD")));

        var computed = TermsFor(catalog.Evolve(
            new OverageSourceSetV1(Tenant, Meter, OverageSource.Computed, March.Start, Decision)));
        RateTerms.Decide(computed, report.Tally, [Used("1", 130), Used("2", 20, scope: UsageScope.OverLimit)], total)
            .Amount.ShouldBe(Money("10 USD"));
    }

    [Test]
    public void each_value_of_a_dimension_with_a_price_of_its_own_has_its_own_tiers()
    {
        var tiers = new PriceModelV1.Graduated([new(Quantity.Zero, Price("1 USD")), new(Units(10), Price("0 USD"))]);
        var terms = TermsFor(CatalogOf(
            MeterSet(Aggregation.Sum, "model"), PlanVersion(), Subscribed(), Rule(tiers),
            Rule(PerUnit("3 USD"), "large") with { Where = Large }));

        var small = Rate(terms, Tally.Empty(terms), Used("1", 15));
        var large = Rate(terms, small.Tally, Used("2", 2, dimensions: Large));
        var other = Rate(terms, large.Tally, Used("3", 5, dimensions: new([new("model", "tiny")])));

        (small.Amount, large.Amount, other.Amount).ShouldBe((Money("10 USD"), Money("6 USD"), Money("0 USD")));
    }

    [Test]
    public void a_trial_costs_nothing_and_uses_up_nothing()
    {
        var terms = TermsFor(CatalogOf(
            MeterSet(), PlanVersion(10), Subscribed() with { TrialUntil = At("2026-03-08T00:00:00Z") }, Rule(PerUnit("1 USD"))));

        var trial = Rate(terms, Tally.Empty(terms), Used("1", 500, "2026-03-07T23:59:59Z"));
        var after = Rate(terms, trial.Tally, Used("2", 12, "2026-03-08T00:00:00Z"));

        (trial.As, trial.Amount).ShouldBe((RatedAs.Charged, Money("0 USD")));
        after.Amount.ShouldBe(Money("2 USD"));
    }

    [Test]
    public void usage_without_a_price_waits_and_nothing_is_taken()
    {
        var terms = TermsFor(CatalogOf(MeterSet(), PlanVersion(10), Subscribed()));

        var rated = Rate(terms, Tally.Empty(terms), Used("1", 5));

        rated.As.ShouldBe(RatedAs.Unpriced);
        rated.Tally.ShouldBe(Tally.Empty(terms));
    }

    [Test]
    public void what_cannot_be_reckoned_exactly_is_refused_and_nothing_is_taken()
    {
        var terms = TermsFor(CatalogOf(MeterSet(), PlanVersion(), Subscribed(), Rule(PerUnit("1000000 USD"))));
        var before = Rate(terms, Tally.Empty(terms), Used("1", 1)).Tally;

        var rated = Rate(terms, before, Used("2", 1_000_000_000_000_000));

        rated.As.ShouldBe(RatedAs.TooLarge);
        rated.Tally.ShouldBe(before);
        Rate(terms, before, Used("3", 1)).Amount.ShouldBe(Money("1000000 USD"));
    }

    [Test]
    public void a_cap_holds_and_a_minimum_comes_when_the_period_is_answered()
    {
        var terms = TermsFor(CatalogOf(
            MeterSet(), PlanVersion(), Subscribed(),
            Rule(PerUnit("1 USD")) with { MinimumCommitment = Money("50 USD"), MaximumCap = Money("100 USD") }));

        var some = Rate(terms, Tally.Empty(terms), Used("1", 30));
        var answered = AnswerTotal.Decide(terms, some.Tally, total);
        var late = Rate(terms, answered.Tally, Used("2", 15));
        var later = Rate(terms, late.Tally, Used("3", 80));

        (some.Amount, answered.Amount).ShouldBe((Money("30 USD"), Money("20 USD")));
        (late.Amount, later.Amount).ShouldBe((Money("0 USD"), Money("50 USD")));
        later.Tally.Total.ShouldBe(Money("100 USD"));
        AnswerTotal.Decide(terms, later.Tally, total).Amount.IsZero.ShouldBeTrue();
    }

    [Test]
    public void a_minimum_that_holds_for_some_days_counts_for_these()
    {
        var terms = TermsFor(CatalogOf(
            MeterSet(), PlanVersion(), Subscribed("2026-03-22T15:00:00Z"),
            Rule(PerUnit("1 USD")) with { MinimumCommitment = Money("31 USD") }));

        AnswerTotal.Decide(terms, Tally.Empty(terms), total).Amount.ShouldBe(Money("10 USD"));
    }

    [TestCase(Aggregation.Max, "7 USD", "5 USD")]
    [TestCase(Aggregation.Latest, "3 USD", "3 USD")]
    public void a_use_is_taken_out_as_if_it_had_never_been_there(Aggregation aggregation, string with, string without)
    {
        var terms = TermsFor(CatalogOf(MeterSet(aggregation), PlanVersion(), Subscribed(), Rule(PerUnit("1 USD"))));
        Use[] uses = [Used("1", 5, "2026-03-02T00:00:00Z"), Used("2", 7, "2026-03-01T00:00:00Z"), Used("3", 3, "2026-03-03T00:00:00Z")];
        var all = uses.Aggregate(Tally.Empty(terms), (tally, use) => Rate(terms, tally, use).Tally);

        all.Total.ShouldBe(Money(with));
        RateCancel.Decide(uses[1], terms, all, [uses[0], uses[2]], total).Tally.Total.ShouldBe(Money(without));
    }

    [TestCase(Aggregation.Max)]
    [TestCase(Aggregation.Latest)]
    public void more_can_be_taken_out_than_is_kept_at_hand(Aggregation aggregation)
    {
        var terms = TermsFor(CatalogOf(MeterSet(aggregation), PlanVersion(), Subscribed(), Rule(PerUnit("1 USD"))));
        var uses = Enumerable.Range(1, 30).Select(day => Used($"{day:00}", day, $"2026-03-{day:00}T00:00:00Z")).ToList();
        var tally = uses.Aggregate(Tally.Empty(terms), (all, use) => Rate(terms, all, use).Tally);

        foreach (var use in uses.AsEnumerable().Reverse())
        {
            tally.Total.ShouldBe(Amount.From(use.Quantity.ToDecimal(), terms.Currency));
            tally = RateCancel.Decide(use, terms, tally, uses.Where(other => other.UsedAt < use.UsedAt), total).Tally;
        }

        tally.ShouldBe(Tally.Empty(terms) with { Cells = tally.Cells });
        tally.Cells.ShouldBeEmpty();
    }

    [Test]
    public void a_value_counts_once_a_period_where_it_came_first()
    {
        var terms = TermsFor(CatalogOf(
            MeterSet(Aggregation.Unique), PlanVersion(), Subscribed(), Rule(PerUnit("1 USD")),
            Rule(PerUnit("2 USD")) with { Version = 2, From = At("2026-03-15T00:00:00Z") }));
        var late = Used("2", 1, "2026-03-10T00:00:00Z", distinct: "bob");

        var dear = Rate(terms, Tally.Empty(terms), Used("1", 1, "2026-03-20T00:00:00Z", distinct: "bob"));
        var first = Rate(terms, dear.Tally, late);
        var back = RateCancel.Decide(late, terms, first.Tally, [], total);

        (dear.Amount, first.Amount, back.Amount).ShouldBe((Money("2 USD"), Money("-1 USD"), Money("1 USD")));
        Rate(terms, back.Tally, Used("3", 1)).As.ShouldBe(RatedAs.Refused);
    }

    [Test]
    public void a_level_weighs_by_the_time_it_lasts()
    {
        var terms = TermsFor(CatalogOf(MeterSet(Aggregation.WeightedSum), PlanVersion(), Subscribed(), Rule(PerUnit("31 USD"))));

        var up = Rate(terms, Tally.Empty(terms), Used("1", 10, "2026-03-01T00:00:00Z"));
        var down = Rate(terms, up.Tally, Used("2", -10, "2026-03-02T00:00:00Z"));

        up.Tally.Total.ShouldBe(Money("310 USD"));
        down.Tally.Total.ShouldBe(Money("9.999999995 USD"));
    }

    [Test]
    public void a_period_never_pays_out()
    {
        var terms = TermsFor(CatalogOf(MeterSet(), PlanVersion(), Subscribed(), Rule(PerUnit("1 USD"))));

        var below = Rate(terms, Tally.Empty(terms), Used("1", -5));
        var above = Rate(terms, below.Tally, Used("2", 8));

        (below.Amount, above.Amount).ShouldBe((Money("0 USD"), Money("3 USD")));
    }

    [Test]
    public void usage_outside_of_a_subscription_is_not_its_usage()
    {
        var terms = TermsFor(CatalogOf(
            MeterSet(), PlanVersion(), Subscribed() with { Until = At("2026-03-20T00:00:00Z") }, Rule(PerUnit("1 USD"))));

        Rate(terms, Tally.Empty(terms), Used("1", 1, "2026-03-20T00:00:00Z")).As.ShouldBe(RatedAs.Refused);
    }

    private static Properties Large { get; } = new([new("model", "large")]);

    private Rated Rate(Terms terms, Tally tally, Use use) => RateUse.Decide(use, terms, tally, total);
}
