using Billing.Contracts.Catalog;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.Pricing.Overage;
using Billing.Pricing.Rating;
using static Billing.Pricing.Tests.Rating.Given;

namespace Billing.Pricing.Tests.Overage;

public class OverageTests
{
    private readonly PeriodTotal total = new();

    [Test]
    public void a_source_is_set_from_a_moment_on_and_goes_forward()
    {
        var catalog = CatalogOf(MeterSet());
        var command = new SetOverageSource.Command(Tenant, Meter, OverageSource.Reported, Now, Ada);
        var fact = SetOverageSource.Decide(command, catalog, Now).ShouldBeOfType<CatalogDecision.Accepted>().Facts.ShouldHaveSingleItem();
        var after = catalog.Evolve(fact);

        fact.ShouldBe(new OverageSourceSetV1(Tenant, Meter, OverageSource.Reported, Now, Ada.At(Now)));
        SetOverageSource.Decide(command, after, Now).ShouldBe(CatalogDecision.AlreadySo);
        SetOverageSource.Decide(command with { Source = OverageSource.Computed }, catalog, Now).ShouldBe(CatalogDecision.AlreadySo);
        Refused(SetOverageSource.Decide(command with { Source = OverageSource.Computed }, after, Now)).ShouldBe(["changes-go-forward"]);
        Refused(SetOverageSource.Decide(command with { Meter = MeterId.Of("x"), Tenant = TenantId.Of("x") }, catalog, Now))
            .ShouldBe(["unknown-tenant", "unknown-meter"]);
    }

    [Test]
    public void usage_shows_what_is_used_included_left_over_and_due()
    {
        var terms = Terms(100);

        var some = View(terms, Take(terms, Used("1", 70)));
        (some.Used, some.Included, some.Remaining, some.Over, some.Cost).ShouldBe(
            (Units(70), Units(100), Units(30), Units(0), Money("0 USD")));

        var more = View(terms, Take(terms, Used("1", 130)));
        (more.Used, more.Remaining, more.Over, more.Cost, more.UnitPrice).ShouldBe(
            (Units(130), Units(0), Units(30), Money("15 USD"), Price("0.5 USD")));
        View(terms, Tally.Empty(terms)).Used.ShouldBe(Quantity.Zero);
    }

    [TestCase(Aggregation.Sum, 30)]
    [TestCase(Aggregation.Max, 10)]
    public void both_sources_of_overage_stand_side_by_side(Aggregation aggregation, decimal computed)
    {
        var terms = Terms(100, aggregation, OverageSource.Reported);
        var tally = Take(
            terms, Used("1", 110), Used("2", 20), Used("3", 25, scope: UsageScope.OverLimit));

        var view = View(terms, tally);

        view.Sources.ShouldBe(new(Units(computed), Units(25), OverageSource.Reported));
        view.Sources.Differ.ShouldBeTrue();
        (view.Over, view.Cost).ShouldBe((Units(25), Money("12.5 USD")));
    }

    [Test]
    public void unique_values_are_compared_over_the_whole_period()
    {
        var terms = TermsFor(CatalogOf(
            MeterSet(Aggregation.Unique), PlanVersion(1), Subscribed(), Rule(PerUnit("0.5 USD")),
            Rule(PerUnit("0.6 USD")) with { Version = 2, From = Now },
            new OverageSourceSetV1(Tenant, Meter, OverageSource.Reported, March.Start, Decision)));
        var tally = Take(
            terms, Used("1", 1, distinct: "a"), Used("2", 1, distinct: "b"), Used("3", 1, "2026-03-20T00:00:00Z", distinct: "a"),
            Used("4", 1, "2026-03-21T00:00:00Z", distinct: "c"));

        View(terms, tally).Sources.Computed.ShouldBe(Units(2));
    }

    [TestCase(79, QuotaVerdict.Allow, QuotaReason.None)]
    [TestCase(80, QuotaVerdict.Warn, QuotaReason.HardCap)]
    [TestCase(100, QuotaVerdict.Warn, QuotaReason.HardCap)]
    [TestCase(101, QuotaVerdict.Block, QuotaReason.HardCap)]
    public void a_hard_cap_is_never_passed(decimal after, QuotaVerdict verdict, QuotaReason reason)
    {
        var answer = Ask(new(HardCap: Units(100)), used: 50, units: after - 50);

        (answer.Verdict, answer.Reason).ShouldBe((verdict, reason));
        (answer.Limit, answer.Remaining).ShouldBe((Units(100), Units(50)));
        (answer.ResetAt, answer.AsOf).ShouldBe((March.EndExclusive, Now.AddSeconds(-3)));
    }

    [TestCase(-1, QuotaVerdict.Warn, QuotaReason.SoftCapInGrace)]
    [TestCase(0, QuotaVerdict.Block, QuotaReason.SoftCapAfterGrace)]
    public void a_soft_cap_is_passed_for_the_time_of_grace(int secondsAfterGrace, QuotaVerdict verdict, QuotaReason reason)
    {
        var limits = new DecideQuota.Limits(SoftCap: Units(100), Grace: TimeSpan.FromHours(24));

        var answer = Ask(limits, 120, 1, Now.AddHours(-24).AddSeconds(-secondsAfterGrace));

        (answer.Verdict, answer.Reason, answer.Remaining).ShouldBe((verdict, reason, Units(0)));
        Ask(limits, 100, 1).Verdict.ShouldBe(QuotaVerdict.Warn);
        Ask(limits, 10, 1).Verdict.ShouldBe(QuotaVerdict.Allow);
    }

    [TestCase(100, QuotaVerdict.Allow)]
    [TestCase(180, QuotaVerdict.Warn)]
    [TestCase(200, QuotaVerdict.Warn)]
    [TestCase(201, QuotaVerdict.Block)]
    public void a_spend_cap_looks_at_what_the_units_would_cost(decimal after, QuotaVerdict verdict) =>
        Ask(new(SpendCap: Money("50 USD")), 100, after - 100).Verdict.ShouldBe(verdict);

    [Test]
    public void the_worst_of_several_caps_decides()
    {
        var answer = Ask(new(HardCap: Units(1_000), SoftCap: Units(110), Grace: TimeSpan.Zero, SpendCap: Money("1 USD")), 100, 20);

        (answer.Verdict, answer.Reason, answer.Limit).ShouldBe((QuotaVerdict.Block, QuotaReason.SpendCap, Units(110)));
        Ask(new(), 1_000, 1_000).ShouldSatisfyAllConditions(
            one => one.Verdict.ShouldBe(QuotaVerdict.Allow), one => one.Limit.ShouldBeNull(), one => one.Remaining.ShouldBeNull());
    }

    [Test]
    public void a_preview_that_cannot_be_made_says_why()
    {
        var catalog = CatalogOf(MeterSet(), PlanVersion(), Rule(PerUnit("1000000 USD")));
        var question = new PreviewPrice.Question(Meter, Units(1), Now, Plan, "US");

        PreviewPrice.Of(
        [
            question, question with { Meter = MeterId.Of("x") }, question with { Units = Units(-1) }, question with { Country = "QQ" },
            question with { Country = "FR" }, question with { Units = Units(1_000_000_000_000_000) },
        ], catalog).Select(answer => answer.Refusals.SingleOrDefault()?.Type)
            .ShouldBe([null, "unknown-meter", "units-below-zero", "currency", "no-price", "too-large"]);
    }

    private DecideQuota.Answer Ask(DecideQuota.Limits limits, decimal used, decimal units, DateTimeOffset? passedAt = null)
    {
        var terms = Terms(100);
        var state = new DecideQuota.State(terms, Take(terms, Used("1", used)), passedAt, Now.AddSeconds(-3));
        return DecideQuota.Decide(limits, state, Units(units), total, Now);
    }

    private static Terms Terms(
        decimal included, Aggregation aggregation = Aggregation.Sum, OverageSource source = OverageSource.Computed) => TermsFor(CatalogOf(
            MeterSet(aggregation), PlanVersion(included), Subscribed(), Rule(PerUnit("0.5 USD")),
            new OverageSourceSetV1(Tenant, Meter, source, At("2026-01-01T00:00:00Z"), Decision)));

    private Tally Take(Terms terms, params Use[] uses) => uses.Aggregate(
        Tally.Empty(terms), (tally, use) => RateUse.Decide(use, terms, tally, total).Tally);

    private UsageView View(Terms terms, Tally tally) => UsageView.Of(terms, tally, total, Now);

    private static IEnumerable<string> Refused(CatalogDecision decision) =>
        decision.ShouldBeOfType<CatalogDecision.Refused>().Refusals.Select(refusal => refusal.Type);
}
