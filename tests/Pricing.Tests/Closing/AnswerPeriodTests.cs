using Billing.Contracts.Catalog;
using Billing.Contracts.Invoices;
using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.Pricing.Tests.Taking;
using static Billing.Pricing.Tests.Rating.Given;
using static Billing.Pricing.Tests.Taking.RatingBench;

namespace Billing.Pricing.Tests.Closing;

/// <summary>Pricing's part of closing, through the storage.</summary>
public sealed class AnswerPeriodTests
{
    private static readonly CloseAskedV1 Ask = new(
        Tenant, Currency.Of("USD"), March, 1, At("2026-04-02T00:00:00Z"), Sub);

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
            new TenantSetV1(Tenant, "Société Exemple", "FR", Decision), MeterSet(), PlanVersion(0, "10 USD"),
            Subscribed("2026-03-01T00:00:00Z"), Rule(PerUnit("1 USD")) with { MinimumCommitment = Money("50 USD") });
        await bench.Take(Use("1", 30));
    }

    [Test]
    public async Task the_answer_comes_behind_true_up_and_next_fee_when_everything_is_read()
    {
        bench.Time.Advance(At("2026-04-01T00:00:05Z") - bench.Time.GetUtcNow());
        await bench.ReadUpTo(Tenant, "2026-03-31T23:59:59Z");
        await bench.Close(Ask);
        (await Answers()).ShouldBeEmpty();

        await bench.Take(Use("2", 5, at: "2026-03-31T23:59:58Z"));
        await bench.ReadUpTo(Tenant, "2026-04-01T00:00:03Z");
        await bench.Look();
        await bench.Look();

        var told = await bench.Told();
        told.OfType<TrueUpRatedV1>().ShouldHaveSingleItem().Amount.ShouldBe(Money("15 USD"));
        told.OfType<FeeRatedV1>().Select(fee => fee.Period.Start.Month).ShouldBe([3, 4]);
        told.OfType<UseRatedV1>().Count().ShouldBe(2);
        var answer = told[^1].ShouldBeOfType<PeriodAnsweredV1>();
        (answer.TakenUpTo, answer.Parked, answer.Unpriced, answer.Shortfall, answer.CloseNumber)
            .ShouldBe((At("2026-04-01T00:00:03Z"), 0, 0, null, 1));
    }

    [Test]
    public async Task a_fee_that_nobody_has_rated_yet_comes_with_the_answer()
    {
        await bench.TakeInbox();
        await bench.Test.Do(bench.Test.Owner, "delete from fees_due");
        await Answer();
        await bench.Change(Subscribed("2026-03-01T00:00:00Z") with { Until = At("2027-01-01T00:00:00Z") });
        await bench.TakeInbox();

        (await bench.Told()).SkipWhile(fact => fact is not TrueUpRatedV1).Select(fact => fact.GetType().Name)
            .ShouldBe([nameof(TrueUpRatedV1), nameof(FeeRatedV1), nameof(PeriodAnsweredV1)]);
    }

    [Test]
    public async Task asked_again_it_is_the_same_answer_and_late_use_brings_its_own_difference()
    {
        await Answer();
        await bench.Close(Ask);
        await bench.Close(Ask with { CloseNumber = 2 });
        await bench.Take(Use("2", 15), Use("3", 10));

        (await Answers()).Select(answer => answer.CloseNumber).ShouldBe([1, 2]);
        (await bench.Told()).OfType<TrueUpRatedV1>().ShouldHaveSingleItem().Amount.ShouldBe(Money("20 USD"));
        (await bench.Told()).OfType<UseRatedV1>().Select(use => use.Amount)
            .ShouldBe([Money("30 USD"), Money("0 USD"), Money("5 USD")]);
        (await bench.Told()).OfType<FeeRatedV1>().Select(fee => fee.Period.Start.Month).ShouldBe([3, 4]);
    }

    /// <summary>See docs/adr/0014.</summary>
    [Test]
    public async Task a_period_that_was_opened_again_goes_on_over_the_same_uses_and_is_answered_by_its_next_number()
    {
        await Answer();
        await bench.Hear(new ReopenAskedV1(Tenant, Ask.Currency, March, 1, Decision, Sub));
        bench.StartAgain();
        // Between the closes all that can happen to a period: late use, a cancel, a price that is dearer by then.
        await bench.Take(Use("2", 45), Cancel("1"), Use("3", 10));
        await bench.Change(Rule(PerUnit("2 USD")) with
        {
            Version = 2,
            From = At("2026-03-05T00:00:00Z"),
            MinimumCommitment = Money("50 USD"),
        });
        await bench.Settle();
        var before = (await bench.Told()).Count;
        await bench.Close(Ask with { CloseNumber = 2 });
        await bench.Close(Ask with { CloseNumber = 2 });

        var told = await bench.Told();
        told.Skip(before).ShouldHaveSingleItem().ShouldBeOfType<PeriodAnsweredV1>().CloseNumber.ShouldBe(2);
        told.OfType<TrueUpRatedV1>().ShouldHaveSingleItem().Amount.ShouldBe(Money("20 USD"));
        told.OfType<FeeRatedV1>().Select(fee => fee.Period.Start.Month).ShouldBe([3, 4]);
        // 55 units at 2 USD, the minimum of 50 reached; what was told adds up to it.
        (await bench.Ask<decimal>("select total from tallies")).ShouldBe(110m);
        Amount.Sum(
            told.Where(fact => fact is not FeeRatedV1).Select(RatingBench.AmountOf).OfType<Amount>(), Ask.Currency)
            .ShouldBe(Money("110 USD"));
    }

    [Test]
    public async Task at_the_deadline_the_answer_names_what_is_missing()
    {
        await bench.ReadUpTo(Tenant, "2026-03-30T00:00:00Z");
        await bench.Take(Use("2", 5, meter: "nothing"));
        await bench.Change(MeterSet() with { Meter = MeterId.Of("free") });
        await bench.Take(Use("3", 5, meter: "free"));
        bench.Time.Advance(At("2026-04-02T00:00:01Z") - bench.Time.GetUtcNow());
        await bench.Close(Ask);

        var answer = (await Answers()).ShouldHaveSingleItem();
        answer.TakenUpTo.ShouldBe(At("2026-03-30T00:00:00Z"));
        answer.Shortfall!.ShouldContain("2026-03-30 00:00:00Z");
        answer.Unpriced.ShouldBe(1);
    }

    [Test]
    public async Task a_minimum_that_comes_after_the_answer_is_rated_for_a_meter_without_use()
    {
        await Answer();
        var tokens = MeterId.Of("tokens");
        await bench.Change(
            MeterSet() with { Meter = tokens },
            Rule(PerUnit("1 USD"), "r2") with { Meter = tokens, MinimumCommitment = Money("7 USD") });
        await bench.TakeInbox();
        await bench.TakeInbox();
        await bench.Take(Use("2", 10, meter: "tokens"));

        var told = await bench.Told();
        told.OfType<ChangeRatedV1>().ShouldHaveSingleItem().Amount.ShouldBe(Money("7 USD"));
        told.OfType<UseRatedV1>().Last().Amount.ShouldBe(Money("3 USD"));
    }

    private async Task Answer()
    {
        bench.Time.Advance(At("2026-04-01T00:00:05Z") - bench.Time.GetUtcNow());
        await bench.TakeInbox();
        await bench.ReadUpTo(Tenant, "2026-04-01T00:00:03Z");
        await bench.Close(Ask);
        (await Answers()).ShouldHaveSingleItem();
    }

    private async Task<List<PeriodAnsweredV1>> Answers() =>
        [.. (await bench.Told()).OfType<PeriodAnsweredV1>()];
}
