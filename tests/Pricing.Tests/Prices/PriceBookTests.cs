using System.Collections.Immutable;
using Billing.Contracts.Catalog;
using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.Pricing.Prices;
using FsCheck;
using FsCheck.Fluent;
using static Billing.Pricing.Tests.Rating.Given;

namespace Billing.Pricing.Tests.Prices;

public class PriceBookTests
{
    private static readonly PriceScope Scope = new(Tenant, Meter, Currency.Of("USD"), Plan, "FR");

    [Test]
    public void the_most_specific_level_wins_and_each_level_falls_back_to_the_next()
    {
        PriceRulePublishedV1[] rules =
        [
            Rule(PerUnit("1 USD"), "plan-country") with { Plan = Plan, Country = "FR" },
            Rule(PerUnit("2 USD"), "plan") with { Plan = Plan },
            Rule(PerUnit("3 USD"), "country") with { Country = "FR" },
            Rule(PerUnit("4 USD"), "meter"),
        ];

        for (var gone = 0; gone < rules.Length; gone++)
        {
            var match = Find(rules[gone..]);
            match.ShouldNotBeNull();
            (match.Value.Rule, match.Value.Level).ShouldBe((rules[gone], (PriceLevel)gone));
        }

        Find([]).ShouldBeNull();
    }

    [Test]
    public void what_is_for_the_tenant_goes_before_all_that_is_for_everybody()
    {
        var own = Rule(PerUnit("9 USD"), "own") with { Tenant = Tenant };
        var others = Rule(PerUnit("8 USD"), "others") with { Tenant = TenantId.Of("t2"), Plan = Plan, Country = "FR" };

        Find([own, others, Rule(PerUnit("1 USD"), "plan-country") with { Plan = Plan, Country = "FR" }])!.Value.Rule.ShouldBe(own);
        Find([others]).ShouldBeNull();
    }

    [TestCase("EUR", "FR", "starter")]
    [TestCase("USD", "DE", "starter")]
    [TestCase("USD", "FR", "other")]
    public void a_rule_for_another_currency_country_or_plan_is_none(string currency, string country, string plan)
    {
        var rule = Rule(PerUnit($"1 {currency}"), currency: currency) with { Plan = PlanId.Of(plan), Country = country };

        Find([rule]).ShouldBeNull();
    }

    [Test]
    public void a_price_begins_at_its_first_moment_and_ends_before_its_last()
    {
        var spring = Rule(PerUnit("1 USD")) with { From = March.Start, Until = March.EndExclusive };

        Find([spring], March.Start).ShouldNotBeNull();
        Find([spring], March.EndExclusive.AddTicks(-10)).ShouldNotBeNull();
        Find([spring], March.Start.AddTicks(-10)).ShouldBeNull();
        Find([spring], March.EndExclusive).ShouldBeNull();
    }

    [Test]
    public void the_newest_version_that_covers_a_moment_is_in_force_and_the_older_one_after_it()
    {
        var first = Rule(PerUnit("1 USD"));
        var sale = first with { Version = 2, Model = PerUnit("0.5 USD"), From = March.Start, Until = March.EndExclusive };
        var book = Book([first, sale]);

        book.TryFind(Scope, March.Start.AddDays(-1), null, out var before).ShouldBeTrue();
        book.TryFind(Scope, March.Start, null, out var during).ShouldBeTrue();
        book.TryFind(Scope, March.EndExclusive, null, out var after).ShouldBeTrue();

        (before.Rule, during.Rule, after.Rule).ShouldBe((first, sale, first));
    }

    [Test]
    public void a_retired_rule_is_used_until_then_and_stays_readable()
    {
        var rule = Rule(PerUnit("1 USD"));
        var book = PriceBook.Of(ImmutableDictionary<PriceRuleId, RuleHistory>.Empty.Add(rule.Rule, new([rule], Now)));

        book.TryFind(Scope, Now.AddTicks(-10), null, out _).ShouldBeTrue();
        book.TryFind(Scope, Now, null, out _).ShouldBeFalse();
        book.Rules[rule.Rule].Versions.ShouldBe([rule]);
    }

    [Test]
    public void within_a_level_more_dimension_values_win_and_the_level_goes_before()
    {
        var large = Rule(PerUnit("2 USD"), "large") with { Where = new([new("model", "large")]) };
        var both = Rule(PerUnit("3 USD"), "both") with { Where = new([new("model", "large"), new("region", "eu")]) };
        var plain = Rule(PerUnit("1 USD"), "plain");
        var plan = Rule(PerUnit("4 USD"), "plan") with { Plan = Plan };

        Find([large, both, plain], dimensions: new([new("model", "large"), new("region", "eu")]))!.Value.Rule.ShouldBe(both);
        Find([large, both, plain], dimensions: new([new("model", "large"), new("region", "us")]))!.Value.Rule.ShouldBe(large);
        Find([large, both, plain], dimensions: new([new("model", "tiny")]))!.Value.Rule.ShouldBe(plain);
        Find([large, both, plain, plan], dimensions: new([new("model", "large")]))!.Value.Rule.ShouldBe(plan);
    }

    [Property(MaxTest = 300)]
    public Property the_index_finds_what_a_walk_over_all_rules_finds() => Prop.ForAll(Rules.ToArbitrary(), rules =>
    {
        var book = Book(rules);
        foreach (var plan in new PlanId?[] { Plan, PlanId.Of("b"), null })
        {
            foreach (var country in new[] { "FR", "CI", null })
            {
                var scope = Scope with { Plan = plan, Country = country };
                var isFound = book.TryFind(scope, Now, null, out var match);
                var expected = Walk(rules, scope);

                isFound.ShouldBe(expected is not null);
                if (isFound) match.Rule.ShouldBe(expected);
                book.InForce(scope, Now).Select(one => one.Rule).FirstOrDefault().ShouldBe(expected);
            }
        }
    });

    [Test]
    public void two_sets_of_values_are_never_spelled_alike() => PriceLine.Of(new([new("a", "1;b=2")]))
        .ShouldNotBe(PriceLine.Of(new([new("a", "1"), new("b", "2")])));

    private static Gen<PriceRulePublishedV1[]> Rules { get; } =
        (from plan in Gen.Elements<PlanId?>(Plan, PlanId.Of("b"), null)
         from country in Gen.Elements("FR", "CI", null)
         from tenant in Gen.Elements<TenantId?>(Tenant, TenantId.Of("t2"), null)
         from starts in Gen.Choose(-5, 5)
         from lasts in Gen.Choose(1, 10)
         select Rule(PerUnit("1 USD"), $"{plan}-{country}-{tenant}".Replace("--", "-")) with
         {
             Plan = plan,
             Country = country,
             Tenant = tenant,
             From = Now.AddDays(starts),
             Until = Now.AddDays(starts + lasts),
         }).ArrayOf().Select(rules => rules.GroupBy(rule => rule.Rule)
            .SelectMany(rule => rule.Select((version, index) => version with { Version = index + 1 })).ToArray());

    private static PriceRulePublishedV1? Walk(PriceRulePublishedV1[] rules, PriceScope scope) => rules
        .GroupBy(rule => rule.Rule)
        .Select(rule => rule.LastOrDefault(version => version.From <= Now && Now < version.Until)).OfType<PriceRulePublishedV1>()
        .Where(rule => (rule.Tenant ?? scope.Tenant) == scope.Tenant)
        .Where(rule => (rule.Plan is null || rule.Plan == scope.Plan) && (rule.Country is null || rule.Country == scope.Country))
        .OrderBy(rule => rule.Tenant is null).ThenBy(rule => rule.Plan is null).ThenBy(rule => rule.Country is null)
        .FirstOrDefault();

    private static PriceMatch? Find(PriceRulePublishedV1[] rules, DateTimeOffset? at = null, Properties? dimensions = null) =>
        Book(rules).TryFind(Scope, at ?? Now, dimensions, out var match) ? match : null;

    private static PriceBook Book(PriceRulePublishedV1[] rules) => CatalogOf(rules).Prices;
}
