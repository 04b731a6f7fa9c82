using Billing.Contracts.Catalog;
using Billing.Contracts.Invoices;
using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.Pricing.Tests.Taking;
using static Billing.Pricing.Tests.Rating.Given;
using static Billing.Pricing.Tests.Taking.RatingBench;

namespace Billing.Pricing.Tests.Merging;

/// <summary>Ratings of a window become one charge, through the storage.</summary>
public sealed class MergingTests
{
    private RatingBench bench = null!;

    [OneTimeSetUp]
    public async Task Make() => bench = await RatingBench.Create();

    [OneTimeTearDown]
    public async Task Remove() => await bench.DisposeAsync();

    [SetUp]
    public Task Empty() => bench.Empty();

    private Task Catalog(params IReadOnlyList<object> more) => bench.Change(
    [
        new TenantSetV1(Tenant, "Société Exemple", "FR", Decision), MeterSet(), PlanVersion(), Subscribed(),
        Rule(PerUnit("0.01 USD")), .. more,
    ]);

    private static MergeWindowSetV1 Window(MergeWindow window, string from = "2026-01-01T00:00:00Z") =>
        new(Tenant, window, At(from), Decision);

    [Test]
    public async Task what_is_used_in_a_window_is_one_charge_that_names_every_event()
    {
        await Catalog(Window(MergeWindow.Hour));
        await bench.Take(Use("1", 100, at: "2026-03-10T10:00:00Z"), Use("2", 1, at: "2026-03-10T11:00:00Z"));
        bench.StartAgain();
        await bench.Take(Use("3", 250.5m, at: "2026-03-10T10:59:59.999999Z"), Use("1", 100, at: "2026-03-10T10:00:00Z"));
        await Later(TimeSpan.FromSeconds(9));
        (await bench.Told()).ShouldBeEmpty();

        await Later(TimeSpan.FromSeconds(1));
        await Later(TimeSpan.FromDays(1));

        var told = (await bench.Told()).Cast<MergedRatedV1>().OrderBy(charge => charge.Window.Start).ToList();
        told.Select(charge => (charge.Amount, charge.Quantity)).ShouldBe(
            [(Money("3.505 USD"), Units(350.5m)), (Money("0.01 USD"), Units(1))]);
        told[0].Facts.ShouldBe([IdOf("1"), IdOf("3")]);
        told[0].Window.ShouldBe(new(At("2026-03-10T10:00:00Z"), At("2026-03-10T11:00:00Z")));
        (told[0].Period, told[0].Subscription, told[0].Meter, told[0].Trace.Rule)
            .ShouldBe((March, Sub, Meter, PriceRuleId.Of("r1")));
    }

    [Test]
    public async Task a_window_is_open_until_its_end_and_the_grace_and_late_events_are_a_further_charge()
    {
        await Catalog(Window(MergeWindow.Day));
        await bench.Take(Use("1", 1, at: "2026-03-15T00:00:00Z"));
        await bench.Take(Use("2", 2, at: "2026-03-15T23:59:59Z"));
        await Later(At("2026-03-16T00:00:09Z") - bench.Time.GetUtcNow());
        (await bench.Told()).ShouldBeEmpty();
        await Later(TimeSpan.FromSeconds(1));
        (await bench.Amounts()).ShouldBe([Money("0.03 USD")]);

        await bench.Take(Use("3", 4, at: "2026-03-15T12:00:00Z"));
        await bench.Take(Use("4", 5, at: "2026-03-15T13:00:00Z"));
        await Later(TimeSpan.FromSeconds(10));

        (await bench.Amounts()).ShouldBe([Money("0.03 USD"), Money("0.09 USD")]);
        (await bench.Ask<long>("select count(distinct fact_id) from sent_facts where topic like '%ratings%'"))
            .ShouldBe(2);
    }

    [Test]
    public async Task a_cancel_is_part_of_the_open_window_and_takes_back_of_the_charge_once_that_is_told()
    {
        await Catalog(Window(MergeWindow.Hour));
        await bench.Take(Use("1", 5), Cancel("1"), Use("1", 7, revision: 1), Cancel("2"));
        await bench.Take(Use("2", 9), Use("3", 1));
        await Later(TimeSpan.FromMinutes(1));
        (await bench.Told()).ShouldHaveSingleItem().ShouldBeOfType<MergedRatedV1>().Facts.ShouldBe(
            [IdOf("1"), CancelOf("1"), IdOf("1", 1), IdOf("2"), CancelOf("2"), IdOf("3")]);
        (await bench.Amounts()).ShouldBe([Money("0.08 USD")]);

        await bench.Take(Cancel("1", revision: 1), Use("1", 8, revision: 2));
        await Later(TimeSpan.FromMinutes(1));

        (await bench.Amounts()).ShouldBe([Money("0.08 USD"), Money("-0.07 USD"), Money("0.08 USD")]);
        var charge = RatingIds.Merged(
            Tenant, Meter, new(At("2026-03-10T00:00:00Z"), At("2026-03-10T01:00:00Z")), IdOf("1"));
        (await bench.Told())[1].ShouldBeOfType<CancelRatedV1>().Charge.ShouldBe(new ChargeId(charge.Value));
        (await bench.Told())[2].ShouldBeOfType<MergedRatedV1>().Facts.ShouldBe([IdOf("1", 2)]);
        (await bench.Ask<decimal>("select total from tallies")).ShouldBe(0.09m);
    }

    [Test]
    public async Task the_setting_is_by_the_time_of_use_and_a_cancel_goes_the_way_its_use_went()
    {
        await Catalog();
        await bench.Take(Use("1", 1, at: "2026-03-10T10:10:00Z"), Use("2", 2, at: "2026-03-10T10:40:00Z"));
        await bench.Change(
            Window(MergeWindow.Hour, "2026-03-10T10:30:00Z"), Window(MergeWindow.None, "2026-03-12T00:00:00Z"));
        await bench.Take(
            Use("3", 4, at: "2026-03-10T10:20:00Z"), Use("4", 8, at: "2026-03-10T10:45:00Z"),
            Use("5", 16, at: "2026-03-12T00:00:00Z"));
        await Later(TimeSpan.FromMinutes(1));
        await bench.Take(Cancel("2"), Cancel("4"));
        await Later(TimeSpan.FromMinutes(1));

        (await bench.Told()).Select(told => (told.GetType().Name, AmountOf(told)!.Value.ToDecimal())).ShouldBe(
        [
            (nameof(UseRatedV1), 0.01m), (nameof(UseRatedV1), 0.02m), (nameof(UseRatedV1), 0.04m),
            (nameof(UseRatedV1), 0.16m), (nameof(MergedRatedV1), 0.08m), (nameof(CancelRatedV1), -0.02m),
            (nameof(CancelRatedV1), -0.08m),
        ]);
        (await bench.Told())[^2..].Cast<CancelRatedV1>().Select(cancel => cancel.Charge.Value).ShouldBe(
        [
            IdOf("2").Value,
            RatingIds.Merged(Tenant, Meter, new(At("2026-03-10T10:00:00Z"), At("2026-03-10T11:00:00Z")), IdOf("4")).Value,
        ]);
    }

    [Test]
    public async Task closing_tells_open_windows_before_its_answer()
    {
        await Catalog(Window(MergeWindow.Day));
        await Later(At("2026-04-01T00:00:01Z") - bench.Time.GetUtcNow());
        await bench.Take(Use("1", 1, at: "2026-03-31T23:00:00Z"), Use("2", 2, at: "2026-04-01T00:00:00Z"));
        await bench.Close(new CloseAskedV1(Tenant, Currency.Of("USD"), March, 1, March.Start, Sub));

        var told = await bench.Told();
        told.Select(fact => fact.GetType().Name).ShouldBe([nameof(MergedRatedV1), nameof(PeriodAnsweredV1)]);
        told[0].ShouldBeOfType<MergedRatedV1>().Facts.ShouldBe([IdOf("1")]);
        (await bench.Ask<long>("select count(*) from merge_windows")).ShouldBe(1);

        // Late for a period that was answered: with the next answer at the latest.
        await bench.Take(Use("3", 4, at: "2026-03-31T22:00:00Z"));
        await bench.Close(new CloseAskedV1(Tenant, Currency.Of("USD"), March, 2, March.Start, Sub));
        (await bench.Told())[2].ShouldBeOfType<MergedRatedV1>().Facts.ShouldBe([IdOf("3")]);
    }

    [Test]
    public async Task a_batch_that_was_not_committed_leaves_nothing_in_a_window()
    {
        await Catalog(Window(MergeWindow.Minute));
        await bench.TakeAndDie(Use("1", 5));
        (await bench.Ask<long>("select count(*) from merged_ratings")).ShouldBe(0);
        bench.StartAgain();
        await bench.Take(Use("1", 5));
        bench.StartAgain();
        await Later(TimeSpan.FromDays(40));
        await Later(TimeSpan.FromDays(40));

        (await bench.Told()).OfType<MergedRatedV1>().ShouldHaveSingleItem().Amount.ShouldBe(Money("0.05 USD"));
    }

    [Test]
    public async Task more_than_a_message_holds_is_several_charges()
    {
        await Catalog(Window(MergeWindow.Day));
        var many = Pricing.Merging.MergeRatings.MostParts + 1;
        foreach (var some in Enumerable.Range(0, many).Chunk(500))
            await bench.Take([.. some.Select(one => Use($"{one}", 1))]);
        await Later(TimeSpan.FromMinutes(1));

        var told = (await bench.Told()).Cast<MergedRatedV1>().ToList();
        told.Select(charge => charge.Facts.Count).ShouldBe([many - 1, 1]);
        Amount.Sum(told.Select(charge => charge.Amount), Currency.Of("USD")).ShouldBe(Money("50.01 USD"));
    }

    private Task Later(TimeSpan time)
    {
        bench.Time.Advance(time);
        return bench.Look();
    }

    private static FactId IdOf(string id, int revision = 0) => RatingIds.Use(new("//test", id), revision, Meter);

    private static FactId CancelOf(string id) => RatingIds.Cancel(new("//test", id), 0, Meter);
}
