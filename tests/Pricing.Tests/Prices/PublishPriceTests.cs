using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.Pricing.Prices;
using static Billing.Pricing.Tests.Rating.Given;

namespace Billing.Pricing.Tests.Prices;

public class PublishPriceTests
{
    private static readonly CatalogState Catalog = CatalogOf(MeterSet(Aggregation.Sum, "model", "region"), PlanVersion(0, "10 USD", "9 EUR"));

    private static readonly PublishPrice.Command Command =
        new(PriceRuleId.Of("r1"), Meter, Currency.Of("USD"), PerUnit("0.01 USD"), Now, Ada);

    [Test]
    public void a_price_is_published_with_who_when_and_why()
    {
        var fact = Published(Command, Catalog);

        fact.ShouldBe(new(Command.Rule, 1, Meter, Command.Currency, Command.Model, Now, new("ada@billing", Now, "Contract of March")));
    }

    [Test]
    public void the_same_price_again_changes_nothing_and_another_is_the_next_version()
    {
        var after = Catalog.Evolve(Published(Command, Catalog));

        PublishPrice.Decide(Command, after, Now.AddDays(1)).ShouldBe(CatalogDecision.AlreadySo);
        Published(Command with { Model = PerUnit("0.02 USD") }, after).Version.ShouldBe(2);
        Published(Command with { From = Now.AddDays(30) }, after).ShouldSatisfyAllConditions(
            later => later.Version.ShouldBe(2), later => later.From.ShouldBe(Now.AddDays(30)));
    }

    [Test]
    public void equal_tiers_are_the_same_price()
    {
        var command = Command with { Model = Graduated(("0", "1"), ("10", "0.5")) };

        PublishPrice.Decide(command with { Model = Graduated(("0", "1"), ("10", "0.5")) }, Catalog.Evolve(Published(command, Catalog)), Now)
            .ShouldBe(CatalogDecision.AlreadySo);
    }

    [Test]
    public void a_price_of_the_past_is_published_only_when_that_is_said()
    {
        var after = Catalog.Evolve(Published(Command, Catalog));
        var backdated = Command with { From = Now.AddDays(-1), Model = PerUnit("0.02 USD") };

        Refused(backdated, after, "in-the-past").Message.ShouldContain("rated anew");
        Published(backdated with { IsBackdated = true }, after).Version.ShouldBe(2);
    }

    [Test]
    public void a_hole_in_tiers_is_refused() => Refused(Command with { Model = Graduated(("100", "1"), ("200", "0.5")) }, Catalog, "hole-in-tiers")
        .ShouldSatisfyAllConditions(
            refusal => refusal.Field.ShouldBe("tiers[0].from"),
            refusal => refusal.Message.ShouldBe("The first tier begins at 0, not at 100: units below would have no price."));

    [Test]
    public void tiers_that_overlap_are_refused() =>
        Refused(Command with { Model = Graduated(("0", "1"), ("200", "0.5"), ("200", "0.1")) }, Catalog, "tiers-overlap")
            .Field.ShouldBe("tiers[2].from");

    [Test]
    public void a_price_in_another_currency_is_refused() =>
        Refused(Command with { Model = PerUnit("0.01 EUR") }, Catalog, "currency-mismatch").Message.ShouldBe("0.01 EUR is in a rule in USD.");

    [Test]
    public void every_reason_is_named_at_once()
    {
        var command = Command with
        {
            Meter = MeterId.Of("unknown"),
            Plan = PlanId.Of("unknown"),
            Country = "fr",
            Tenant = TenantId.Of("unknown"),
            Model = PerUnit("-1 USD"),
            Until = Now.AddDays(-1),
            MaximumCap = Money("1 USD"),
            MinimumCommitment = Money("2 USD"),
            Author = new("", " "),
        };

        Refusals(command, Catalog).Select(refusal => refusal.Type).ShouldBe(
            ["actor-missing", "reason-missing", "ends-before-it-begins", "unknown-meter", "unknown-tenant", "country",
                "unknown-plan", "price-below-zero", "most-below-least"]);
    }

    [TestCaseSource(nameof(Wrong))]
    public void what_could_not_be_reckoned_with_is_refused(PriceModelV1 model, string type) =>
        Refused(Command with { Model = model }, Catalog, type);

    private static IEnumerable<TestCaseData> Wrong()
    {
        yield return new(new PriceModelV1.Graduated([]), "tiers");
        yield return new(new PriceModelV1.Volume([.. Enumerable.Range(0, 101).Select(n => new TierV1(Units(n), Price("1 USD")))]), "tiers");
        yield return new(new PriceModelV1.Package(Quantity.Zero, Money("1 USD")), "package-size");
        yield return new(new PriceModelV1.Fixed(Money("-1 USD")), "price-below-zero");
        yield return new(new PriceModelV1.Percentage(Price("0.1 USD"), Money("2 USD"), Money("1 USD")), "most-below-least");
    }

    [Test]
    public void a_percentage_is_of_money_that_is_summed() => Refused(
        Command with { Model = new PriceModelV1.Percentage(Price("0.1 USD")) }, CatalogOf(MeterSet(Aggregation.Max)), "percentage-of-what");

    [Test]
    public void a_plan_that_is_not_sold_in_a_currency_has_no_price_in_it() => Refused(
        Command with { Plan = Plan, Currency = Currency.Of("XOF"), Model = PerUnit("6 XOF") }, Catalog, "plan-not-sold-in-currency");

    [Test]
    public void two_rules_for_the_same_usage_at_the_same_time_are_refused()
    {
        var after = Catalog.Evolve(Published(Command with { From = Now, Until = Now.AddDays(10) }, Catalog));
        var other = Command with { Rule = PriceRuleId.Of("r2"), From = Now.AddDays(9) };

        Refused(other, after, "rules-overlap").Message.ShouldContain("Rule r1, version 1");
        Published(other with { From = Now.AddDays(10) }, after).Version.ShouldBe(1);
        Published(other with { Plan = Plan }, after).Version.ShouldBe(1);
        Published(other with { Tenant = Tenant }, after).Version.ShouldBe(1);
    }

    [Test]
    public void dimension_values_that_leave_open_which_rule_counts_are_refused()
    {
        var after = Catalog.Evolve(Published(Command with { Where = Where("model", "large") }, Catalog));
        var other = Command with { Rule = PriceRuleId.Of("r2") };

        Refused(other with { Where = Where("region", "eu") }, after, "rules-overlap");
        Published(other with { Where = Where("model", "small") }, after).Version.ShouldBe(1);
        Published(other with { Where = new([new("model", "large"), new("region", "eu")]) }, after).Version.ShouldBe(1);
        Refused(other with { Where = Where("color", "red") }, after, "unknown-dimension").Field.ShouldBe("where.color");
    }

    [Test]
    public void a_rule_is_for_the_same_usage_in_all_its_versions() => Refused(
        Command with { Country = "FR" }, Catalog.Evolve(Published(Command, Catalog)), "rule-is-for-others");

    [Test]
    public void a_rule_is_retired_once_and_gets_no_more_versions()
    {
        var after = Catalog.Evolve(Published(Command, Catalog));
        var command = new RetirePrice.Command(Command.Rule, Now.AddDays(1), Ada);

        var retired = RetirePrice.Decide(command, after, Now).ShouldBeOfType<CatalogDecision.Accepted>().Facts.ShouldHaveSingleItem();
        retired.ShouldBe(new PriceRuleRetiredV1(Command.Rule, Now.AddDays(1), Ada.At(Now)));

        after = after.Evolve(retired);
        RetirePrice.Decide(command, after, Now).ShouldBe(CatalogDecision.AlreadySo);
        Refused(Command with { Model = PerUnit("5 USD") }, after, "rule-retired");
        RetirePrice.Decide(command with { From = Now.AddDays(-1) }, Catalog, Now).ShouldBeOfType<CatalogDecision.Refused>()
            .Refusals.Select(refusal => refusal.Type).ShouldBe(["unknown-rule", "in-the-past"]);
    }

    private static PriceModelV1.Graduated Graduated(params (string From, string Price)[] tiers) =>
        new([.. tiers.Select(tier => new TierV1(Text.Read<Quantity>(tier.From), Price($"{tier.Price} USD")))]);

    private static Properties Where(string name, string value) => new([new(name, value)]);

    private static PriceRulePublishedV1 Published(PublishPrice.Command command, CatalogState state)
    {
        var decision = PublishPrice.Decide(command, state, Now);
        (decision as CatalogDecision.Refused)?.Refusals.ShouldBeEmpty();
        return (PriceRulePublishedV1)((CatalogDecision.Accepted)decision).Facts.Single();
    }

    private static IReadOnlyList<Refusal> Refusals(PublishPrice.Command command, CatalogState state) =>
        PublishPrice.Decide(command, state, Now).ShouldBeOfType<CatalogDecision.Refused>().Refusals;

    private static Refusal Refused(PublishPrice.Command command, CatalogState state, string type) =>
        Refusals(command, state).Where(refusal => refusal.Type == type).ShouldHaveSingleItem();
}
