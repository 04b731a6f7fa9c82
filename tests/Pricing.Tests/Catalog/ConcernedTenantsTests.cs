using Billing.Contracts;
using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.Pricing.Catalog.Storage;
using Billing.Pricing.Overage;
using Billing.Pricing.Prices;
using Billing.Pricing.Subscriptions;
using Billing.Testbed;

namespace Billing.Pricing.Tests.Catalog;

/// <summary>Who is told that terms may have changed, and that it reaches the lane of each.</summary>
public sealed class ConcernedTenantsTests
{
    private CatalogBench _bench = null!;

    [OneTimeSetUp]
    public async Task Create() => _bench = await CatalogBench.Create();

    [SetUp]
    public async Task Begin()
    {
        await _bench.Empty();
        // Euro: acme with the plan basic, boutique without any. Dollar: corp with the plan basic.
        await _bench.Apply(
            CatalogBench.Meter("calls"), CatalogBench.Plan("basic"), CatalogBench.Tenant("acme", "FR"),
            CatalogBench.Tenant("boutique", "DE"), CatalogBench.Tenant("corp", "US"),
            CatalogBench.Subscribe("acme-1", "acme", "basic"),
            CatalogBench.Subscribe("corp-1", "corp", "basic"));
        await _bench.Test.Do(_bench.Test.Writer, "delete from lane_inbox");
    }

    [OneTimeTearDown]
    public async Task Dispose() => await _bench.DisposeAsync();

    [TestCase("0.01 EUR", null, null, null, "acme boutique")]
    [TestCase("0.01 USD", null, null, null, "corp")]
    [TestCase("0.01 EUR", "basic", null, null, "acme")]
    [TestCase("0.01 EUR", null, "DE", null, "boutique")]
    [TestCase("0.01 EUR", "basic", "DE", null, "")]
    [TestCase("0.01 EUR", null, null, "boutique", "boutique")]
    public async Task A_price_concerns_those_who_may_have_it(
        string price, string? plan, string? country, string? tenant, string concerned)
    {
        await _bench.Apply(CatalogBench.Price("rule", "calls", price, plan, tenant, country));

        (await Tenants()).ShouldBe(concerned);
    }

    [Test]
    public async Task Its_end_concerns_the_same_ones()
    {
        await _bench.Apply(CatalogBench.Price("rule", "calls", "0.01 USD"));
        await _bench.Test.Do(_bench.Test.Writer, "delete from lane_inbox");

        var done = await _bench.Apply(CatalogWish.Of(CatalogBench.Id("end"), (state, now) =>
            RetirePrice.Decide(
                new(PriceRuleId.Of("rule"), now.AddDays(1), CatalogBench.Ada), state, now)));

        var (lane, terms) = (await _bench.Left()).ShouldHaveSingleItem();
        lane.ShouldBe(Lanes.Of(TenantId.Of("corp")));
        terms.Tenant.ShouldBe(TenantId.Of("corp"));
        terms.Number.ShouldBe(done.Facts[0].Number);
        terms.What.ShouldBe([new(done.Facts[0].Id, MeterId.Of("calls"))]);
    }

    [Test]
    public async Task A_price_in_the_currency_of_where_a_tenant_was_before_still_concerns_it()
    {
        await _bench.Apply(CatalogBench.Tenant("boutique", "US"));
        (await Tenants()).ShouldBe("boutique"); // it moved
        await _bench.Test.Do(_bench.Test.Writer, "delete from lane_inbox");

        await _bench.Apply(CatalogBench.Price("rule", "calls", "0.01 EUR", country: "DE"));

        (await Tenants()).ShouldBe("boutique");
    }

    [Test]
    public async Task A_new_tenant_a_new_name_a_new_meter_and_a_new_plan_concern_nobody()
    {
        await _bench.Apply(
            CatalogBench.Tenant("new"), CatalogBench.Tenant("acme", "FR", "Acme SA"),
            CatalogBench.Meter("tokens"), CatalogBench.Plan("pro"));

        (await Tenants()).ShouldBe("");
    }

    [Test]
    public async Task A_plan_concerns_its_subscriptions_those_included_that_have_left_it()
    {
        await _bench.Apply(CatalogBench.Plan("pro"));
        await _bench.Apply(CatalogWish.Of(CatalogBench.Id("move"), (state, now) =>
            ChangeSubscription.Decide(
                new(SubscriptionId.Of("acme-1"), now.AddDays(1), CatalogBench.Ada, PlanId.Of("pro")), state,
                now)));
        await _bench.Test.Do(_bench.Test.Writer, "delete from lane_inbox");

        await _bench.Apply(CatalogBench.Plan("basic", "Basic, renamed"));

        (await _bench.Left()).SelectMany(row => row.Terms.What).Select(part => part.Subscription.ToString())
            .ShouldBe(["acme-1", "corp-1"]);
    }

    [Test]
    public async Task A_source_concerns_one_tenant_and_meter()
    {
        await _bench.Apply(CatalogWish.Of(CatalogBench.Id("source"), (state, now) =>
            SetOverageSource.Decide(
                new(
                    TenantId.Of("acme"), MeterId.Of("calls"), OverageSource.Reported, now,
                    CatalogBench.Ada), state, now)));

        var (_, terms) = (await _bench.Left()).ShouldHaveSingleItem();
        terms.What.ShouldHaveSingleItem().Meter.ShouldBe(MeterId.Of("calls"));
    }

    [Test]
    public async Task A_price_for_all_reaches_thousands_of_tenants_in_one_change()
    {
        var many = TestSize.Of(everyRun: 5_000, full: 100_000);
        await _bench.Apply(new CatalogWish(CatalogBench.Id("many"), (asked, _) => Task.FromResult(
            CatalogDecision.Record([.. Enumerable.Range(0, many).Select(at => (object)new TenantSetV1(
                TenantId.Of($"tenant-{at}"), "Many", "FR", CatalogBench.Ada.At(asked.Now)))]))));

        await _bench.Apply(CatalogBench.Price("rule", "calls", "0.01 EUR"));

        (await _bench.Test.Ask<long>(_bench.Test.Owner, "select count(*) from lane_inbox"))
            .ShouldBe(many + 2);
        (await _bench.Test.Ask<long>(_bench.Test.Owner, "select count(distinct lane) from lane_inbox"))
            .ShouldBe(Lanes.Count);
        (await _bench.Read(new StoredCatalog())).State.Tenants.Count.ShouldBe(many + 3);
    }

    private async Task<string> Tenants() => string.Join(' ',
        (await _bench.Left()).Select(row => row.Terms.Tenant.ToString()));
}
