using System.Numerics;
using System.Text.Json;
using Billing.Contracts;
using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.Pricing.Subscriptions;
using Billing.Verify.Reading;
using Billing.Verify.Recounting;
using FsCheck;
using FsCheck.Fluent;

namespace Billing.Verify.Tests;

/// <summary>Base fees of a month, rated step by step and counted anew, with changes now and to come.</summary>
public class FeesTests
{
    private static readonly TenantId Tenant = TenantId.Of("t1");
    private static readonly SubscriptionId Subscription = SubscriptionId.Of("s1");
    private static readonly PlanId[] Plans = [PlanId.Of("small"), PlanId.Of("big")];
    private static readonly Currency Usd = Currency.Of("USD");
    private static readonly BillingPeriod March = new(At(1), At(32));

    /// <param name="Day">On which it is decided.</param>
    /// <param name="Later">Days from then until it takes effect.</param>
    private sealed record Step(int Day, int Later, int What, int Amount);

    [Property(MaxTest = 300)]
    public Property whatever_is_agreed_both_come_to_the_same() => Prop.ForAll(Steps.ToArbitrary(), steps =>
    {
        var facts = new List<object>
        {
            new TenantSetV1(Tenant, "One", "US", Decided(0)), Plan(Plans[0], "31 USD"), Plan(Plans[1], "100 USD"),
            Subscribed(Plans[0], At(-40), Decided(-40)),
        };
        var (fees, rated, minute) = (Rated(facts), At(1), 0);
        foreach (var step in steps.OrderBy(step => step.Day))
        {
            var now = At(step.Day).AddMinutes(2 * minute++);
            fees = Prorated(facts, fees, now, ref rated);
            if (Fact(step, now.AddMinutes(1), facts) is not { } fact) continue;

            facts.Add(fact);
            fees = Prorated(facts, fees, now.AddMinutes(1), ref rated);
            Recounted(facts, now.AddMinutes(1), rated).ShouldBe((BigInteger)fees.Total.Trillionths);
        }

        fees = Prorated(facts, fees, March.EndExclusive, ref rated);
        Recounted(facts, March.EndExclusive, rated).ShouldBe((BigInteger)fees.Total.Trillionths);
    });

    [Test]
    public void what_does_not_change_the_cost_is_read_and_changes_nothing() => Recounted(
    [
        new TenantSetV1(Tenant, "One", "US", Decided(0)), Plan(Plans[0], "31 USD"),
        Subscribed(Plans[0], At(1), Decided(1)),
        new QuotaLimitSetV1(MeterId.Of("tokens"), At(1), Decided(1), HardCap: Quantity.One),
        new MergeWindowSetV1(Tenant, MergeWindow.Hour, At(1), Decided(1)),
    ], At(2), At(2)).ShouldBe(31 * BigInteger.Pow(10, 12));

    // Several changes of one day come one after the other.
    private static Gen<Step[]> Steps =>
        from count in Gen.Choose(0, 6)
        from steps in (
            from day in Gen.Choose(1, 31)
            from later in Gen.Frequency((2, Gen.Constant(0)), (2, Gen.Choose(0, 20)), (1, Gen.Choose(-10, 0)))
            from what in Gen.Choose(0, 3)
            from amount in Gen.Choose(0, 99)
            select new Step(day, later, what, amount)).ArrayOf(count)
        select steps;

    private static object? Fact(Step step, DateTimeOffset now, IReadOnlyList<object> facts)
    {
        var (from, decided) = (At(step.Day + step.Later), Decided(step.Day) with { At = now });
        if (step.What == 0)
        {
            var last = facts.OfType<SubscriptionSetV1>().Last();
            return from > last.From ? Subscribed(Plans[step.Amount % 2], from, decided) : null;
        }

        PlanId? plan = step.What == 1 ? null : Plans[step.Amount % 2];
        var known = facts.OfType<TenantFeeSetV1>().Where(fee => fee.Plan == plan).ToList();
        if (known.Count > 0 && from < known[^1].From) return null;

        return new TenantFeeSetV1(
            Tenant, Usd, known.Count + 1, from, decided, step.Amount < 20 ? null : Amount.From(step.Amount, Usd), plan);
    }

    private static FeesRated Rated(IEnumerable<object> facts)
    {
        var catalog = CatalogState.Empty.Evolve(facts);
        return RateFee.Decide(catalog.Subscriptions[Subscription], March, catalog, Utc, null).Fees!;
    }

    private static FeesRated Prorated(
        IEnumerable<object> facts, FeesRated fees, DateTimeOffset now, ref DateTimeOffset at)
    {
        var catalog = CatalogState.Empty.Evolve(facts);
        var subscription = catalog.Subscriptions[Subscription];
        for (var times = 0; times < 20; times++)
        {
            if (RateProration.Decide(subscription, March, catalog, Utc, fees, now) is not RateProration.Outcome.Rated rated)
                return fees;

            (fees, at) = (rated.Fees, now);
        }

        throw new InvalidOperationException("The days are prorated again and again.");
    }

    private static BigInteger Recounted(IEnumerable<object> facts, DateTimeOffset now, DateTimeOffset rated) => Fees.Of(
        CatalogLog.Of(facts.Select(fact => new StoredFact(
            0, 1, Guid.Empty, WireNames.Of(fact.GetType()), JsonDocument.Parse(ContractsJson.Write(fact)).RootElement))),
        Subscription.ToString(), March.Start, now, rated);

    private static SubscriptionSetV1 Subscribed(PlanId plan, DateTimeOffset from, DecisionV1 decided) => new(
        Subscription, Tenant, plan, "US", Usd, PeriodAnchor.CalendarMonth, "Etc/UTC", from, decided);

    private static PlanPublishedV1 Plan(PlanId plan, string fee) => new(
        plan, 1, plan.ToString(), At(-60), [Text.Read<Amount>(fee)], [], Decided(-60));

    private static TimeSpan Utc(DateTimeOffset moment) => TimeSpan.Zero;

    private static DecisionV1 Decided(int day) => new("test", At(day), "because");

    private static DateTimeOffset At(int day) => new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero).AddDays(day - 1);
}
