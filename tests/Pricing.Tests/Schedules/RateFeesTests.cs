using Billing.Contracts.Catalog;
using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.Pricing.Tests.Taking;
using static Billing.Pricing.Tests.Rating.Given;

namespace Billing.Pricing.Tests.Schedules;

/// <summary>Base fees and prorations by the clock, through the storage.</summary>
public sealed class RateFeesTests
{
    private static readonly PlanId Big = PlanId.Of("big");

    private RatingBench bench = null!;

    [OneTimeSetUp]
    public async Task Make() => bench = await RatingBench.Create();

    [OneTimeTearDown]
    public async Task Remove() => await bench.DisposeAsync();

    [SetUp]
    public async Task Begin()
    {
        await bench.Empty();
        await bench.Change(
            new TenantSetV1(Tenant, "Société Exemple", "FR", Decision), MeterSet(), PlanVersion(0, "31 USD"),
            PlanVersion(0, "62 USD") with { Plan = Big });
    }

    [Test]
    public async Task a_fee_comes_when_its_period_begins_and_once_however_often_the_clock_looks()
    {
        await bench.Change(Subscribed("2026-03-21T00:00:00Z"));
        await bench.TakeInbox();
        (await bench.Told()).ShouldBeEmpty();

        await Look("2026-03-21T00:00:00Z");
        await Look("2026-03-21T00:00:00Z");
        await Look("2026-03-31T23:59:59Z");
        (await Fees()).ShouldBe([(3, Money("11 USD"))]);

        bench.StartAgain();
        await Look("2026-04-01T00:00:00Z");
        (await Fees()).ShouldBe([(3, Money("11 USD")), (4, Money("31 USD"))]);
    }

    [Test]
    public async Task a_clock_that_jumps_over_months_leaves_no_period_out()
    {
        await bench.Change(Subscribed("2026-03-01T00:00:00Z"));
        await Look("2026-06-02T00:00:00Z");
        await Look("2026-06-03T00:00:00Z");

        (await Fees()).Select(fee => fee.Month).ShouldBe([3, 4, 5, 6]);
        (await bench.Ask<long>("select count(*) - count(distinct fact_id) from sent_facts")).ShouldBe(0);
    }

    [Test]
    public async Task a_change_is_prorated_when_its_days_begin_and_not_before()
    {
        await bench.Change(Subscribed("2026-03-01T00:00:00Z"));
        await bench.TakeInbox();
        await bench.Change(Subscribed("2026-03-01T00:00:00Z") with { Plan = Big, From = Moment("2026-03-22T00:00:00Z") });
        await bench.TakeInbox();
        (await bench.Told()).OfType<ProrationRatedV1>().ShouldBeEmpty();

        await Look("2026-03-22T00:00:00Z");
        await Look("2026-03-23T00:00:00Z");

        var part = (await bench.Told()).OfType<ProrationRatedV1>().ShouldHaveSingleItem();
        (part.Amount, part.Plan, part.Covered.Start).ShouldBe((Money("10 USD"), Big, Moment("2026-03-22T00:00:00Z")));
    }

    [Test]
    public async Task the_last_period_is_charged_for_its_days_and_then_there_is_nothing_due()
    {
        await bench.Change(Subscribed("2026-03-01T00:00:00Z"));
        await bench.TakeInbox();
        await bench.Change(Subscribed("2026-03-01T00:00:00Z") with { Until = Moment("2026-04-16T00:00:00Z") });
        await bench.TakeInbox();
        await Look("2026-04-01T00:00:00Z");
        await Look("2026-05-01T00:00:00Z");
        await Look("2026-07-01T00:00:00Z");

        (await Fees()).ShouldBe([(3, Money("31 USD")), (4, Money("15.5 USD"))]);
        (await bench.Ask<long>("select count(*) from fees_due")).ShouldBe(0);
    }

    private static DateTimeOffset Moment(string moment) => Rating.Given.At(moment);

    private async Task Look(string moment)
    {
        bench.Time.Advance(Moment(moment) - bench.Time.GetUtcNow());
        await bench.TakeInbox();
        await bench.Look();
    }

    private async Task<List<(int Month, Amount Amount)>> Fees() =>
        [.. (await bench.Told()).OfType<FeeRatedV1>().Select(fee => (fee.Period.Start.Month, fee.Amount))];
}
