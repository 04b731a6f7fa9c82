using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.Pricing.Catalog.Scheduled;
using Billing.Pricing.Merging;
using Billing.Pricing.Overage;
using Billing.Pricing.Prices;
using Billing.Pricing.Subscriptions;
using static Billing.Pricing.Tests.Rating.Given;

namespace Billing.Pricing.Tests.Catalog;

/// <summary>What was decided for later and is withdrawn: from its moment on, what held before goes on.</summary>
public sealed class WithdrawScheduledTests
{
    private static readonly DateTimeOffset May = At("2026-05-01T00:00:00Z"), June = At("2026-06-01T00:00:00Z");
    private static readonly Author Bob = new("bob@billing", "A mistake");

    [Test]
    public void a_version_of_a_plan()
    {
        var dearer = PlanVersion(7, "20 USD") with { Version = 2, From = May };
        var state = CatalogOf(MeterSet(), PlanVersion(5, "10 USD"), dearer);

        var after = Withdrawn(state, "plan");

        after.Plans[Plan].InForce(June)!.BaseFees.ShouldBe([Money("10 USD")]);
        after.Plans[Plan].Newest.ShouldSatisfyAllConditions(
            newest => newest.Version.ShouldBe(3), newest => newest.Decision.ShouldBe(Bob.At(Now)));
        ListScheduled.Of(after, Now).ShouldBeEmpty();
        // It can be decided again.
        var again = PublishPlan.Decide(
            new(Plan, "Starter", May, [Money("20 USD")], dearer.Included, Ada), after, Now);
        Accept(after, again).Plans[Plan].InForce(June)!.BaseFees.ShouldBe([Money("20 USD")]);
    }

    [Test]
    public void a_version_of_a_price_with_what_held_before_in_all_its_parts()
    {
        var sale = Rule(PerUnit("0.5 USD")) with { Version = 2, From = May, Until = At("2026-05-10T00:00:00Z") };
        var dearer = Rule(PerUnit("2 USD")) with { Version = 3, From = At("2026-04-01T00:00:00Z") };
        var before = CatalogOf(MeterSet(), Rule(PerUnit("1 USD")), sale);

        var after = Withdrawn(before.Evolve(dearer), "price");

        foreach (var moment in new[] { Now, dearer.From, sale.From, sale.Until!.Value, June })
            after.Rules[dearer.Rule].InForce(moment)!.Model.ShouldBe(before.Rules[dearer.Rule].InForce(moment)!.Model);
        after.Rules[dearer.Rule].Versions.Select(version => version.Version).ShouldBe([1, 2, 3, 4, 5, 6]);
    }

    [Test]
    public void what_was_withdrawn_is_not_in_the_way_of_what_came_before_it()
    {
        var state = CatalogOf(
            MeterSet(), PlanVersion(5, "10 USD"), PlanVersion(6, "20 USD") with { Version = 2, From = May },
            PlanVersion(7, "30 USD") with { Version = 3, From = June }, Subscribed(),
            Subscribed() with { Country = "DE", From = May }, Subscribed() with { Country = "IT", From = June },
            Rule(PerUnit("1 USD")), Rule(PerUnit("2 USD")) with { Version = 2, From = May },
            Rule(PerUnit("3 USD")) with { Version = 3, From = June },
            new MergeWindowSetV1(Tenant, MergeWindow.Hour, May, Decision),
            new MergeWindowSetV1(Tenant, MergeWindow.Day, June, Decision));

        while (ListScheduled.Of(state, Now) is [.., var last])
            state = Accept(state, WithdrawScheduled.Decide(new(last.Id, Bob), state, Now));

        state.Plans[Plan].InForce(June)!.BaseFees.ShouldBe([Money("10 USD")]);
        state.Subscriptions[Sub].InForce(June)!.Country.ShouldBe("FR");
        state.Rules.Values.Single().InForce(June)!.Model.ShouldBe(PerUnit("1 USD"));
        SetMergeWindow.WindowOf(state.MergeWindows[Tenant], June, new(June, June.AddDays(30))).ShouldBeNull();
    }

    [Test]
    public void a_first_price_is_retired_and_the_end_of_a_price_is_lifted()
    {
        var first = Rule(PerUnit("1 USD")) with { From = May };
        Withdrawn(CatalogOf(MeterSet(), first), "price").Rules[first.Rule].InForce(June).ShouldBeNull();

        var retired = CatalogOf(
            MeterSet(), Rule(PerUnit("1 USD")), new PriceRuleRetiredV1(first.Rule, May, Decision));
        var after = Withdrawn(retired, "end of a price");
        after.Rules[first.Rule].InForce(June).ShouldNotBeNull();
        Accept(after, PublishPrice.Decide(
            new(first.Rule, Meter, Currency.Of("USD"), PerUnit("3 USD"), June, Ada), after, Now))
            .Rules[first.Rule].InForce(June)!.Model.ShouldBe(PerUnit("3 USD"));

        Refused(CatalogOf(MeterSet(), Rule(PerUnit("1 USD")) with { Until = May }), "end of a price")
            .ShouldBe("part-of-a-version");
        Refused(CatalogOf(MeterSet(), first with { Until = June }), "price").ShouldBe("no-price-before");
    }

    [Test]
    public void a_change_and_the_end_of_a_subscription()
    {
        var other = PlanVersion() with { Plan = PlanId.Of("pro") };
        var moved = Subscribed() with { Plan = other.Plan, From = May, Until = June };
        var state = CatalogOf(MeterSet(), PlanVersion(), other, Subscribed(), moved);

        var after = Withdrawn(state, "subscription");
        after.Subscriptions[Sub].InForce(May)!.Plan.ShouldBe(Plan);
        after.Subscriptions[Sub].InForce(June).ShouldBeNull();
        ListScheduled.Of(after, Now).Select(item => item.What).ShouldBe(["end of a subscription"]);

        after = Withdrawn(after, "end of a subscription");
        after.Subscriptions[Sub].InForce(June)!.Plan.ShouldBe(Plan);
        ListScheduled.Of(after, Now).ShouldBeEmpty();

        // Nothing of it stands in the way of what is decided next, though that begins earlier.
        var april = At("2026-04-01T00:00:00Z");
        var changed = Accept(after, ChangeSubscription.Decide(new(Sub, april, Ada, other.Plan), after, Now));
        changed.Subscriptions[Sub].InForce(June)!.Plan.ShouldBe(other.Plan);
        var ended = Accept(after, CancelSubscription.Decide(new(Sub, april, Ada), after, Now));
        ended.Subscriptions[Sub].InForce(april).ShouldBeNull();
        ended.Subscriptions[Sub].InForce(Now)!.Plan.ShouldBe(Plan);
    }

    [Test]
    public void a_source_of_overage_a_limit_and_a_window()
    {
        var state = CatalogOf(
            MeterSet(),
            new OverageSourceSetV1(Tenant, Meter, OverageSource.Reported, May, Decision),
            new QuotaLimitSetV1(Meter, March.Start, Decision, Tenant, HardCap: Units(10)),
            new QuotaLimitSetV1(Meter, May, Decision, Tenant, HardCap: Units(20)),
            new MergeWindowSetV1(Tenant, MergeWindow.Hour, March.Start, Decision),
            new MergeWindowSetV1(Tenant, MergeWindow.Day, May, Decision));

        var after = Withdrawn(Withdrawn(Withdrawn(state, "overage source"), "quota limit"), "merge window");

        SetOverageSource.InForce(after.OverageSources[(Tenant, Meter)], June).ShouldBe(OverageSource.Computed);
        SetQuotaLimit.InForce(Meter, Tenant, null, after, June)!.HardCap.ShouldBe(Units(10));
        SetMergeWindow.WindowOf(after.MergeWindows[Tenant], May, new(May, June))!.EndExclusive
            .ShouldBe(May.AddHours(1));
        ListScheduled.Of(after, Now).ShouldBeEmpty();
        Accept(after, SetOverageSource.Decide(new(Tenant, Meter, OverageSource.Reported, Now, Ada), after, Now));
        Accept(after, SetQuotaLimit.Decide(new(Meter, Now, Ada, Tenant, HardCap: Units(1)), after, Now));
        Accept(after, SetMergeWindow.Decide(new(Tenant, MergeWindow.Day, Now, Ada), after, Now));
    }

    [Test]
    public void not_what_is_in_force_nor_what_others_came_behind_nor_what_nobody_decided()
    {
        var state = CatalogOf(
            MeterSet(), PlanVersion(), Subscribed() with { From = May },
            new OverageSourceSetV1(Tenant, Meter, OverageSource.Reported, May, Decision),
            new OverageSourceSetV1(Tenant, Meter, OverageSource.Computed, June, Decision));
        var source = ScheduledChanges.Of(state).First(change => change.What == "overage source");

        Refusal(WithdrawScheduled.Decide(new(source.Id, Bob), state, Now)).ShouldBe("later-changes");
        Refusal(WithdrawScheduled.Decide(new(source.Id, Bob), state, May)).ShouldBe("in-force");
        Refusal(WithdrawScheduled.Decide(new(Guid.Empty, Bob), state, Now)).ShouldBe("unknown-change");
        Refusal(WithdrawScheduled.Decide(new(source.Id, new("bob", " ")), state, Now)).ShouldBe("reason-missing");
        Refused(state, "subscription").ShouldBe("first-one");
        Refused(CatalogOf(MeterSet(), PlanVersion() with { From = May }), "plan").ShouldBe("first-one");
    }

    private static CatalogState Withdrawn(CatalogState state, string what) =>
        Accept(state, WithdrawScheduled.Decide(new(Scheduled(state, what), Bob), state, Now));

    private static string Refused(CatalogState state, string what) =>
        Refusal(WithdrawScheduled.Decide(new(Scheduled(state, what), Bob), state, Now));

    private static Guid Scheduled(CatalogState state, string what) =>
        ListScheduled.Of(state, Now).First(item => item.What == what).Id;

    private static CatalogState Accept(CatalogState state, CatalogDecision decision)
    {
        var facts = decision.ShouldBeOfType<CatalogDecision.Accepted>().Facts;
        facts.ShouldNotBeEmpty();
        return state.Evolve(facts);
    }

    private static string Refusal(CatalogDecision decision) =>
        decision.ShouldBeOfType<CatalogDecision.Refused>().Refusals.Select(refusal => refusal.Type).First();
}
