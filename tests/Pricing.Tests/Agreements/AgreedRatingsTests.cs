using Billing.Contracts.Catalog;
using Billing.Contracts.Invoices;
using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.Pricing.Tests.Taking;
using static Billing.Pricing.Tests.Rating.Given;
using static Billing.Pricing.Tests.Taking.RatingBench;

namespace Billing.Pricing.Tests.Agreements;

/// <summary>What was agreed with one tenant, through the storage: usage, fees, closed periods.</summary>
public sealed class AgreedRatingsTests
{
    private static readonly TenantId Other = TenantId.Of("t2");
    private static readonly Currency Usd = Currency.Of("USD");

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
            new TenantSetV1(Tenant, "Société Exemple", "FR", Decision), new TenantSetV1(Other, "Two", "FR", Decision),
            MeterSet(), PlanVersion(10, "31 USD"), Subscribed("2026-03-01T00:00:00Z"),
            Subscribed("2026-03-01T00:00:00Z") with { Tenant = Other, Subscription = SubscriptionId.Of("s2") },
            Rule(PerUnit("1 USD")));
        await bench.Settle();
    }

    [Test]
    public async Task an_allowance_is_rated_as_a_change_and_later_usage_by_what_is_in_force_at_its_time()
    {
        await bench.Take(Use("1", 30), Use("2", 30, tenant: "t2"));
        await bench.Change(Allowance(25, March.Start));
        bench.StartAgain();
        await bench.Settle();
        await bench.Settle();
        await bench.Change(Allowance(45, At("2026-03-12T00:00:00Z")) with { Version = 2 });
        await bench.Take(Use("3", 30, at: "2026-03-14T00:00:00Z"), Use("4", 1, at: "2026-03-02T00:00:00Z"));

        var told = await bench.Told();
        var change = told.OfType<ChangeRatedV1>().ShouldHaveSingleItem();
        (change.Tenant, change.Amount).ShouldBe((Tenant, Money("-15 USD")));
        change.Trace.Steps.Select(step => step.What).ShouldContain("included by agreement, version 1");
        (change.Trace.Before, change.Trace.After).ShouldBe((Money("20 USD"), Money("5 USD")));
        told.OfType<UseRatedV1>().OrderBy(use => use.Event.Id, StringComparer.Ordinal).Select(use => use.Amount).ShouldBe(
            [Money("20 USD"), Money("20 USD"), Money("10 USD"), Money("1 USD")]);
        (await bench.Ask<decimal>("select total from tallies where tenant_id = 't1'")).ShouldBe(16m);
    }

    [Test]
    public async Task a_fee_that_is_agreed_for_later_is_prorated_then_and_charged_from_the_next_period_on()
    {
        await bench.Change(Fee("62 USD", "2026-03-22T00:00:00Z"));
        await bench.Settle();
        (await bench.Told()).OfType<ProrationRatedV1>().ShouldBeEmpty();

        await Until("2026-03-22T00:00:00Z");
        await Until("2026-03-25T00:00:00Z");
        await Until("2026-04-01T00:00:01Z");

        var told = await bench.Told();
        var part = told.OfType<ProrationRatedV1>().ShouldHaveSingleItem();
        (part.Tenant, part.Amount, part.Covered.Start).ShouldBe((Tenant, Money("10 USD"), At("2026-03-22T00:00:00Z")));
        told.OfType<FeeRatedV1>().Where(fee => fee.Period.Start == March.EndExclusive)
            .OrderBy(fee => fee.Tenant.ToString(), StringComparer.Ordinal)
            .Select(fee => fee.Amount).ShouldBe([Money("62 USD"), Money("31 USD")]);
    }

    [Test]
    public async Task a_backdated_agreement_reaches_a_period_that_was_answered()
    {
        await bench.Take(Use("1", 30));
        await Until("2026-04-01T00:00:05Z");
        await bench.ReadUpTo(Tenant, "2026-04-01T00:00:03Z");
        await bench.Close(new CloseAskedV1(Tenant, Usd, March, 1, At("2026-04-02T00:00:00Z"), Sub));

        await bench.Change(Allowance(20, March.Start), Fee("0 USD", "2026-03-01T00:00:00Z"));
        await bench.Settle();

        var behind = (await bench.Told()).SkipWhile(fact => fact is not PeriodAnsweredV1).Skip(1).ToList();
        behind.OfType<ChangeRatedV1>().ShouldHaveSingleItem().Amount.ShouldBe(Money("-10 USD"));
        behind.OfType<ProrationRatedV1>().Select(part => (part.Period.Start, part.Amount)).ShouldBe(
            [(March.Start, Money("-31 USD")), (March.EndExclusive, Money("-31 USD"))], ignoreOrder: true);
    }

    private async Task Until(string moment)
    {
        bench.Time.Advance(At(moment) - bench.Time.GetUtcNow());
        await bench.Look();
        await bench.Settle();
    }

    private static TenantAllowanceSetV1 Allowance(decimal units, DateTimeOffset from) =>
        new(Tenant, Meter, 1, from, Decision, Units(units));

    private static TenantFeeSetV1 Fee(string fee, string from) => new(Tenant, Usd, 1, At(from), Decision, Money(fee));
}
