using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using static Billing.Pricing.Tests.Rating.Given;

namespace Billing.Pricing.Tests.Catalog;

public class CatalogTests
{
    private static readonly SetMeter.Command Calls = new(Meter, "api.request", "call", Aggregation.Sum, Ada, "n", null, ["model"]);
    private static readonly PublishPlan.Command Starter = new(Plan, "Starter", Now, [Money("10 USD")], [new(Meter, Units(100))], Ada);

    [Test]
    public void a_tenant_is_set_once_and_again_when_it_changes()
    {
        var command = new SetTenant.Command(Tenant, "Société Exemple", "FR", Ada);
        var fact = Recorded(SetTenant.Decide(command, CatalogState.Empty, Now));
        var state = CatalogState.Empty.Evolve(fact);

        fact.ShouldBe(new TenantSetV1(Tenant, "Société Exemple", "FR", Ada.At(Now)));
        SetTenant.Decide(command, state, Now.AddDays(1)).ShouldBe(CatalogDecision.AlreadySo);
        Recorded(SetTenant.Decide(command with { Country = "CI" }, state, Now)).ShouldBeOfType<TenantSetV1>().Country.ShouldBe("CI");
    }

    [TestCase("", "FR", "name")]
    [TestCase("A", "fr", "country")]
    [TestCase("A", "FRA", "country")]
    public void a_tenant_needs_name_and_country(string name, string country, string type) =>
        Refused(SetTenant.Decide(new(Tenant, name, country, Ada), CatalogState.Empty, Now)).ShouldBe([type]);

    [Test]
    public void a_meter_keeps_what_it_counts_and_may_gain_dimensions()
    {
        var state = CatalogState.Empty.Evolve(Recorded(SetMeter.Decide(Calls, CatalogState.Empty, Now)));

        SetMeter.Decide(Calls, state, Now).ShouldBe(CatalogDecision.AlreadySo);
        Recorded(SetMeter.Decide(Calls with { Dimensions = ["model", "region"] }, state, Now))
            .ShouldBeOfType<MeterSetV1>().Dimensions.ShouldBe(["model", "region"]);
        Refused(SetMeter.Decide(Calls with { Dimensions = [] }, state, Now)).ShouldBe(["dimension-taken-away"]);
        Refused(SetMeter.Decide(Calls with { Aggregation = Aggregation.Max }, state, Now)).ShouldBe(["meter-counts-otherwise"]);
        Refused(SetMeter.Decide(Calls with { Filter = new([new("region", "eu")]) }, state, Now)).ShouldBe(["meter-counts-otherwise"]);
    }

    [Test]
    public void a_meter_says_what_it_counts()
    {
        Refused(SetMeter.Decide(Calls with { Property = null }, CatalogState.Empty, Now)).ShouldBe(["property"]);
        Refused(SetMeter.Decide(Calls with { Aggregation = Aggregation.Count }, CatalogState.Empty, Now)).ShouldBe(["property"]);
        Refused(SetMeter.Decide(Calls with { EventType = "", Unit = " ", Dimensions = ["a", "a"] }, CatalogState.Empty, Now))
            .ShouldBe(["event-type", "unit", "dimensions"]);
    }

    [Test]
    public void a_plan_has_versions_of_which_the_newest_that_has_begun_is_in_force()
    {
        var state = CatalogOf(MeterSet()).Evolve(Recorded(PublishPlan.Decide(Starter, CatalogOf(MeterSet()), Now)));
        var next = Recorded(PublishPlan.Decide(Starter with { From = Now.AddDays(30), Name = "Starter 2" }, state, Now));

        PublishPlan.Decide(Starter, state, Now.AddDays(1)).ShouldBe(CatalogDecision.AlreadySo);
        next.ShouldBeOfType<PlanPublishedV1>().Version.ShouldBe(2);

        var plan = state.Evolve(next).Plans[Plan];
        plan.InForce(Now.AddTicks(-10)).ShouldBeNull();
        plan.InForce(Now.AddDays(29))!.Version.ShouldBe(1);
        plan.InForce(Now.AddDays(30))!.Version.ShouldBe(2);
    }

    [Test]
    public void a_plan_that_is_sold_changes_now_or_later()
    {
        var state = CatalogOf(MeterSet(), PlanVersion(1, "10 USD"));

        Refused(PublishPlan.Decide(Starter with { From = Now.AddTicks(-10) }, state, Now)).ShouldBe(["in-the-past"]);
        Recorded(PublishPlan.Decide(Starter with { From = Now.AddYears(-1) }, CatalogOf(MeterSet()), Now)).ShouldBeOfType<PlanPublishedV1>();
    }

    [Test]
    public void what_is_wrong_with_a_plan_is_named_by_field()
    {
        var command = Starter with
        {
            BaseFees = [Money("-1 USD"), Money("2 USD")],
            Included = [new(MeterId.Of("unknown"), Units(1)), new(Meter, Units(-1)), new(Meter, Units(1))],
        };

        var refused = PublishPlan.Decide(command, CatalogOf(MeterSet()), Now).ShouldBeOfType<CatalogDecision.Refused>();

        refused.Refusals.Select(refusal => (refusal.Type, refusal.Field)).ShouldBe(
        [
            ("fee-below-zero", "baseFees[0]"), ("currency-twice", "baseFees[1]"), ("unknown-meter", "included[0].meter"),
            ("allowance-below-zero", "included[1].quantity"), ("meter-twice", "included[2].meter"),
        ]);
    }

    [Test]
    public void a_plan_keeps_the_currencies_of_its_subscriptions()
    {
        var state = CatalogOf(MeterSet(), PlanVersion(1, "10 USD", "9 EUR"), Subscribed(currency: "EUR"));

        Refused(PublishPlan.Decide(Starter, state, Now)).ShouldBe(["currency-in-use"]);
        Recorded(PublishPlan.Decide(Starter with { BaseFees = [] }, state, Now)).ShouldBeOfType<PlanPublishedV1>();
    }

    [Test]
    public void every_message_of_the_catalog_changes_it()
    {
        object[] facts =
        [
            new TenantSetV1(TenantId.Of("t9"), "Nine", "DE", Decision), MeterSet(), PlanVersion(), Rule(PerUnit("1 USD")),
            new PriceRuleRetiredV1(PriceRuleId.Of("r1"), Now, Decision), Subscribed(),
            new OverageSourceSetV1(Tenant, Meter, OverageSource.Reported, Now, Decision),
            new QuotaLimitSetV1(Meter, Now, Decision, Tenant, HardCap: Units(10)),
            new MergeWindowSetV1(Tenant, MergeWindow.Hour, Now, Decision),
            new TenantAllowanceSetV1(Tenant, Meter, 1, Now, Decision, Units(10)),
            new TenantFeeSetV1(Tenant, Currency.Of("USD"), 1, Now, Decision, Money("10 USD")),
        ];

        facts.Select(fact => fact.GetType()).ShouldBe(CatalogFacts.All, ignoreOrder: true);
        var state = CatalogState.Empty;
        foreach (var fact in facts)
        {
            var after = state.Evolve(fact);
            after.ShouldNotBe(state, fact.ToString());
            state = after;
        }
    }

    private static object Recorded(CatalogDecision decision) =>
        decision.ShouldBeOfType<CatalogDecision.Accepted>().Facts.ShouldHaveSingleItem();

    private static IEnumerable<string> Refused(CatalogDecision decision) =>
        decision.ShouldBeOfType<CatalogDecision.Refused>().Refusals.Select(refusal => refusal.Type);
}
