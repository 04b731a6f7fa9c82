using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.Pricing.Subscriptions;
using static Billing.Pricing.Tests.Rating.Given;

namespace Billing.Pricing.Tests.Subscriptions;

public class SubscriptionTests
{
    private static readonly CatalogState Catalog = CatalogOf(MeterSet(), PlanVersion(0, "10 USD", "9 EUR"), PlanVersion() with { Plan = PlanId.Of("big") });
    private static readonly StartSubscription.Command Start = new(Sub, Tenant, Plan, Now, Ada, "Europe/Paris", new DateOnly(2026, 1, 31));

    [Test]
    public void country_and_currency_are_proposed_from_the_tenant()
    {
        var fact = Started(Start, Catalog);

        fact.ShouldBe(new(Sub, Tenant, Plan, "FR", Currency.Of("EUR"), new(new DateOnly(2026, 1, 31)), "Europe/Paris", Now, Ada.At(Now)));
        Started(Start with { Currency = Currency.Of("USD"), Anchor = null }, Catalog)
            .ShouldSatisfyAllConditions(one => one.Currency.Code.ShouldBe("USD"), one => one.Anchor.ShouldBe(PeriodAnchor.CalendarMonth));
        CountryCurrencies.Find("CI")!.Value.Code.ShouldBe("XOF");
        CountryCurrencies.Find("QQ").ShouldBeNull();
    }

    [Test]
    public void the_same_start_again_changes_nothing()
    {
        var after = Catalog.Evolve(Started(Start, Catalog));

        StartSubscription.Decide(Start, after, Zone, Now.AddDays(9)).ShouldBe(CatalogDecision.AlreadySo);
        Refused(Start with { TimeZone = "Etc/UTC" }, after).ShouldBe(["subscription-known"]);
    }

    [Test]
    public void a_tenant_has_one_subscription_at_a_time()
    {
        var after = Catalog.Evolve(Started(Start, Catalog));
        var other = Start with { Subscription = SubscriptionId.Of("s2"), From = Now.AddDays(10) };

        Refused(other, after).ShouldBe(["subscriptions-overlap"]);
        Started(other, after.Evolve(Canceled(after, Now.AddDays(10)))).Subscription.ShouldBe(other.Subscription);
    }

    [Test]
    public void every_reason_is_named_at_once() => Refused(
        Start with
        {
            Tenant = TenantId.Of("unknown"),
            Plan = PlanId.Of("unknown"),
            TimeZone = "Mars/Olympus",
            Country = "france",
            TrialUntil = Now,
            RatedAlone = Now,
            Author = new("", "x"),
        },
        Catalog).ShouldBe(["actor-missing", "unknown-tenant", "unknown-plan", "country", "time-zone", "trial-ends-before-it-begins", "rated-without"]);

    [Test]
    public void a_plan_is_subscribed_in_a_currency_that_it_is_sold_in() =>
        Refused(Start with { Currency = Currency.Of("XOF") }, Catalog).ShouldBe(["plan-not-sold-in-currency"]);

    [Test]
    public void a_change_takes_effect_at_its_moment_and_history_stays()
    {
        var state = Catalog.Evolve(Started(Start, Catalog));
        var command = new ChangeSubscription.Command(Sub, Now.AddDays(10), Ada, PlanId.Of("big"));
        state = state.Evolve(Recorded(ChangeSubscription.Decide(command, state, Now)));

        var history = state.Subscriptions[Sub];
        history.InForce(Now.AddTicks(-10)).ShouldBeNull();
        history.InForce(Now)!.Plan.ShouldBe(Plan);
        history.InForce(Now.AddDays(10))!.Plan.ShouldBe(PlanId.Of("big"));
        ChangeSubscription.Decide(command, state, Now).ShouldBe(CatalogDecision.AlreadySo);
        Refusals(ChangeSubscription.Decide(command with { Plan = Plan, From = Now.AddDays(9) }, state, Now)).ShouldBe(["changes-go-forward"]);
    }

    [Test]
    public void an_end_may_be_moved_until_it_has_come()
    {
        var state = Catalog.Evolve(Started(Start, Catalog));
        state = state.Evolve(Canceled(state, Now.AddDays(10)));

        CancelSubscription.Decide(new(Sub, Now.AddDays(10), Ada), state, Now).ShouldBe(CatalogDecision.AlreadySo);
        state.Evolve(Canceled(state, Now.AddDays(20))).Subscriptions[Sub].InForce(Now.AddDays(19)).ShouldNotBeNull();
        state.Subscriptions[Sub].InForce(Now.AddDays(10)).ShouldBeNull();
        Refusals(CancelSubscription.Decide(new(Sub, Now.AddDays(30), Ada), state, Now.AddDays(10))).ShouldBe(["subscription-over"]);
        Refusals(CancelSubscription.Decide(new(Sub, Now, Ada), state, Now)).ShouldBe(["ends-before-it-begins"]);
        Refusals(CancelSubscription.Decide(new(Sub, Now.AddDays(5), Ada, Now.AddDays(6)), state, Now)).ShouldBe(["rated-after"]);
        Refusals(ChangeSubscription.Decide(new(Sub, Now.AddDays(10), Ada, PlanId.Of("big")), state, Now)).ShouldBe(["subscription-over"]);
    }

    [Test]
    public void what_is_not_there_cannot_be_changed()
    {
        Refusals(CancelSubscription.Decide(new(Sub, Now, Ada), Catalog, Now)).ShouldBe(["unknown-subscription"]);
        Refusals(ChangeSubscription.Decide(new(Sub, Now, Ada), Catalog, Now)).ShouldBe(["unknown-subscription"]);
    }

    [Test]
    public void a_use_belongs_to_the_subscription_in_force_at_its_time()
    {
        var state = Catalog.Evolve(Started(Start, Catalog));

        SubscriptionHistory.Of(Tenant, Now, state)!.Subscription.ShouldBe(Sub);
        SubscriptionHistory.Of(Tenant, Now.AddTicks(-10), state).ShouldBeNull();
        SubscriptionHistory.Of(TenantId.Of("t2"), Now, state).ShouldBeNull();
    }

    [TestCase("2026-03-29T00:00:00", "2026-03-31T00:00:00", 2)] // the clocks change in between
    [TestCase("2026-03-10T23:59:59", "2026-03-11T00:00:00", 1)]
    [TestCase("2026-03-10T00:00:00", "2026-03-10T23:59:59", 0)]
    public void days_are_those_of_the_wall_calendar(string from, string until, int days)
    {
        var paris = Zone("Europe/Paris")!;

        LocalDays.Between(Local(from), Local(until), paris).ShouldBe(days);

        DateTimeOffset Local(string wall)
        {
            var utc = At(wall + "Z");
            return utc - paris(utc);
        }
    }

    private static SubscriptionSetV1 Canceled(CatalogState state, DateTimeOffset at) =>
        (SubscriptionSetV1)Recorded(CancelSubscription.Decide(new(Sub, at, Ada), state, Now));

    private static SubscriptionSetV1 Started(StartSubscription.Command command, CatalogState state) =>
        (SubscriptionSetV1)Recorded(StartSubscription.Decide(command, state, Zone, Now));

    private static object Recorded(CatalogDecision decision)
    {
        (decision as CatalogDecision.Refused)?.Refusals.ShouldBeEmpty();
        return ((CatalogDecision.Accepted)decision).Facts.ShouldHaveSingleItem();
    }

    private static IEnumerable<string> Refused(StartSubscription.Command command, CatalogState state) =>
        Refusals(StartSubscription.Decide(command, state, Zone, Now));

    private static IEnumerable<string> Refusals(CatalogDecision decision) =>
        decision.ShouldBeOfType<CatalogDecision.Refused>().Refusals.Select(refusal => refusal.Type);
}
