using Billing.Contracts.Catalog;
using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using static Billing.Pricing.Tests.Rating.Given;
using static Billing.Pricing.Tests.Taking.RatingBench;

namespace Billing.Pricing.Tests.Taking;

/// <summary>Usage in, ratings out, through the storage.</summary>
public sealed class TakeUsageTests
{
    private RatingBench bench = null!;

    [OneTimeSetUp]
    public async Task Make() => bench = await RatingBench.Create();

    [OneTimeTearDown]
    public async Task Remove() => await bench.DisposeAsync();

    [SetUp]
    public Task Empty() => bench.Empty();

    private Task Catalog(params IReadOnlyList<object> more) => bench.Change(
        [new TenantSetV1(Tenant, "Société Exemple", "FR", Decision), MeterSet(), PlanVersion(), .. more]);

    [Test]
    public async Task each_use_is_rated_once_with_its_price_and_arithmetic()
    {
        await Catalog(Subscribed(), Rule(PerUnit("0.01 USD")));

        await bench.Take(Use("1", 100), Use("2", 250.5m));
        await bench.Take(Use("1", 100), Use("2", 250.5m), Use("3", 1));

        var told = (await bench.Told()).Cast<UseRatedV1>().ToList();
        told.Select(rating => rating.Amount).ShouldBe([Money("1 USD"), Money("2.505 USD"), Money("0.01 USD")]);
        told.Select(rating => rating.Event.Id).ShouldBe(["1", "2", "3"]);
        var first = told[0];
        (first.Subscription, first.Period, first.Quantity).ShouldBe((Sub, March, Units(100)));
        (first.Trace.Rule, first.Trace.RuleVersion, first.Trace.Level)
            .ShouldBe((PriceRuleId.Of("r1"), 1, PriceLevel.Meter));
        (first.Trace.Before, first.Trace.After).ShouldBe((Money("0 USD"), Money("1 USD")));
        (await bench.Ask<decimal>("select total from tallies")).ShouldBe(3.515m);
        (await bench.Ask<Guid>("select fact_id from sent_facts where topic like '%ratings%' order by number limit 1"))
            .ShouldBe(RatingIds.Use(first.Event, 0, Meter).Value);
    }

    [Test]
    public async Task usage_without_a_subscription_is_charged_in_the_currency_of_the_country()
    {
        await Catalog(Rule(PerUnit("0.009 EUR"), currency: "EUR"));

        await bench.Take(Use("1", 10, at: "2026-02-28T23:59:59Z"));

        var rating = (await bench.Told()).ShouldHaveSingleItem().ShouldBeOfType<UseRatedV1>();
        rating.Amount.ShouldBe(Money("0.09 EUR"));
        rating.Subscription.ShouldBeNull();
        rating.Period.Start.ShouldBe(At("2026-02-01T00:00:00Z"));
    }

    [Test]
    public async Task a_batch_that_was_not_committed_leaves_nothing_behind_in_memory()
    {
        await Catalog(Subscribed(), Rule(new PriceModelV1.Graduated([new(Quantity.Zero, Price("1 USD")), new(Units(10), Price("0 USD"))])));
        await bench.Take(Use("1", 5));

        await bench.TakeAndDie(Use("2", 4));
        await Should.ThrowAsync<ServiceDefaults.UsagePath.TryAgainException>(() => bench.Take(Use("3", 4)));
        await bench.Take(Use("3", 4));

        (await bench.Amounts()).ShouldBe([Money("5 USD"), Money("4 USD")]);
    }

    [Test]
    public async Task what_another_process_did_meanwhile_is_noticed()
    {
        await Catalog(Subscribed(), Rule(PerUnit("1 USD")) with { MaximumCap = Money("10 USD") });
        await bench.Take(Use("1", 6));
        var mine = bench.Desk;
        bench.StartAgain();
        await bench.Take(Use("2", 3));

        var late = new Pricing.Rating.Taking.TakeUsage(mine);
        await using (var transaction = await bench.Transactions.Begin(default))
            await Should.ThrowAsync<ServiceDefaults.UsagePath.TryAgainException>(
                () => late.Apply(new([bench.Numbered(Use("3", 3))], transaction, Now), default));
        await using (var transaction = await bench.Transactions.Begin(default))
        {
            await late.Apply(new([bench.Numbered(Use("3", 3))], transaction, Now), default);
            await transaction.Commit(default);
        }

        (await bench.Amounts()).ShouldBe([Money("6 USD"), Money("3 USD"), Money("1 USD")]);
    }

    [Test]
    public async Task a_cancel_takes_back_the_charge_and_an_amendment_is_both()
    {
        await Catalog(Subscribed(), Rule(PerUnit("1 USD")));

        await bench.Take(Use("1", 5), Cancel("1"), Use("1", 7, revision: 1));
        await bench.Take(Cancel("1"), Cancel("1", revision: 1));

        var told = await bench.Told();
        told.Select(AmountOf).ShouldBe([Money("5 USD"), Money("-5 USD"), Money("7 USD"), Money("-7 USD")]);
        told[1].ShouldBeOfType<CancelRatedV1>().Charge.ShouldBe(new(RatingIds.Use(new("//test", "1"), 0, Meter).Value));
        told[3].ShouldBeOfType<CancelRatedV1>().Revision.ShouldBe(1);
    }

    [Test]
    public async Task a_cancel_that_comes_first_waits_for_its_use()
    {
        await Catalog(Subscribed(), Rule(PerUnit("1 USD")));

        await bench.Take(Cancel("1"));
        (await bench.Told()).ShouldBeEmpty();
        await bench.Take(Use("1", 5));
        await bench.Take(Use("1", 5), Cancel("1"));

        (await bench.Amounts()).ShouldBe([Money("5 USD"), Money("-5 USD")]);
        (await bench.Ask<decimal>("select total from tallies")).ShouldBe(0);
    }

    [Test]
    public async Task one_event_may_feed_several_meters_and_is_taken_for_all_or_none()
    {
        var tokens = MeterId.Of("tokens");
        await Catalog(
            MeterSet() with { Meter = tokens }, Subscribed(), Rule(PerUnit("1 USD")),
            Rule(PerUnit("1000000 USD"), "r2") with { Meter = tokens });
        var both = Use("1", 2) with { Measures = [new(Meter, Units(2)), new(tokens, Units(3))] };
        var tooMuch = Use("2", 2) with { Measures = [new(Meter, Units(2)), new(tokens, Units(1_000_000_000_000_000))] };

        await bench.Take(both, tooMuch, Use("3", 1));

        (await bench.Amounts()).ShouldBe([Money("2 USD"), Money("3000000 USD"), Money("1 USD")]);
        (await bench.Ask<long>("select count(*) from uses")).ShouldBe(3);
    }

    [Test]
    public async Task usage_that_the_catalog_does_not_know_is_for_a_person()
    {
        await Catalog(Subscribed(), Rule(PerUnit("1 USD")));

        await bench.Take(Use("1", 1, tenant: "nobody"), Use("2", 1, meter: "nothing"), Use("3", 1));

        (await bench.Amounts()).ShouldBe([Money("1 USD")]);
    }

    [Test]
    public async Task a_change_of_price_is_rated_before_the_next_use_and_as_the_fact_that_it_is()
    {
        await Catalog(Subscribed(), Rule(PerUnit("1 USD")));
        await bench.Take(Use("1", 10), Use("2", 10));
        await bench.Change(Rule(PerUnit("0.7 USD")) with { Version = 2, From = March.Start });
        await bench.Change(new TenantSetV1(TenantId.Of("other"), "Other", "DE", Decision));
        await bench.Change(Rule(PerUnit("0.5 USD")) with { Version = 3, From = March.Start });

        await bench.Take(Use("3", 10));

        var told = await bench.Told();
        told.Select(AmountOf).ShouldBe(
            [Money("10 USD"), Money("10 USD"), Money("-6 USD"), Money("-4 USD"), Money("5 USD")]);
        var changes = told.OfType<ChangeRatedV1>().Select(change => change.Change.Value).ToList();
        changes.ShouldBe([await Fact(6), await Fact(8)]);
    }

    [Test]
    public async Task a_process_that_was_away_while_prices_changed_rates_the_difference()
    {
        await Catalog(Subscribed(), Rule(PerUnit("1 USD")));
        await bench.Take(Use("1", 10));
        await bench.Change(Rule(PerUnit("0.7 USD")) with { Version = 2, From = March.Start });
        bench.StartAgain();

        await bench.Take(Use("2", 10));

        (await bench.Amounts()).ShouldBe([Money("10 USD"), Money("-3 USD"), Money("7 USD")]);
        (await bench.Told())[1].ShouldBeOfType<ChangeRatedV1>().Change.Value.ShouldBe(await Fact(6));
    }

    [Test]
    public async Task usage_without_a_price_waits_and_is_rated_when_there_is_one()
    {
        await Catalog(Subscribed());
        await bench.Take(Use("1", 10), Use("2", 5), Use("3", 1));
        await bench.Take(Cancel("2"));
        (await bench.Told()).ShouldBeEmpty();

        await bench.Change(new TenantSetV1(TenantId.Of("other"), "Other", "DE", Decision));
        await bench.Sweep();
        (await bench.Ask<long>("select count(*) from waiting_facts where judged_by = 5")).ShouldBe(2);
        await bench.Change(Rule(PerUnit("0.5 USD")));
        await bench.Settle();
        await bench.Settle();

        (await bench.Amounts()).OrderBy(amount => amount.ToDecimal()).ShouldBe([Money("0.5 USD"), Money("5 USD")]);
        (await bench.Ask<long>("select count(*) from waiting_facts")).ShouldBe(0);
        (await bench.Ask<long>("select count(*) from lane_inbox")).ShouldBe(0);
    }

    [Test]
    public async Task a_price_for_the_past_is_one_rating_for_each_meter_and_period()
    {
        await Catalog(Subscribed(), Rule(PerUnit("1 USD")));
        await bench.Take(
            Use("1", 10), Use("2", 10, at: "2026-02-10T00:00:00Z"), Use("3", 10, at: "2026-01-10T00:00:00Z"));
        await bench.Change(Rule(PerUnit("0.7 USD")) with { Version = 2, From = At("2026-02-01T00:00:00Z") });
        await bench.TakeInbox();
        await bench.TakeInbox();

        var changes = (await bench.Told()).OfType<ChangeRatedV1>().ToList();
        changes.Select(change => (change.Period.Start.Month, change.Amount))
            .ShouldBe([(2, Money("-3 USD")), (3, Money("-3 USD"))]);
        changes.Select(change => change.Change.Value).Distinct().ShouldBe([await Fact(6)]);
        (await bench.Ask<decimal>("select sum(total) from tallies")).ShouldBe(24);
    }

    private Task<Guid> Fact(int number) =>
        bench.Ask<Guid>($"select fact_id from catalog_facts where number = {number}");
}
