using Billing.Contracts.Ratings;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;

namespace Billing.Contracts.Tests;

public class FactIdTests
{
    private static readonly EventId Usage = new("//platform/gateway", "req-4711");
    private static readonly MeterId Meter = MeterId.Of("api_calls");
    private static readonly SubscriptionId Subscription = SubscriptionId.Of("sub-1");
    private static readonly BillingPeriod March = Periods.CalendarMonth(new(2026, 3, 14, 0, 0, 0, TimeSpan.Zero));
    private static readonly BillingPeriod April = Periods.CalendarMonth(March.EndExclusive);
    private static readonly BillingPeriod Window = new(March.Start, March.Start.AddHours(1));

    // Kept by every ledger there is: an id that changes makes each charge a second time.
    private static IEnumerable<TestCaseData> Pinned()
    {
        yield return new(UsageIds.Accepted(Usage, 0), "5bce7e83-afe4-8d00-b495-6777e68ee5d8");
        yield return new(UsageIds.Canceled(Usage, 0), "fa44862e-5fa7-8fa4-abfb-a5b553a5bc17");
        yield return new(RatingIds.Use(Usage, 0, Meter), "d6e46df5-439a-8a36-ac57-e6b6fdd9d112");
        yield return new(RatingIds.Cancel(Usage, 0, Meter), "1f778e25-785d-8657-9350-df6e509ecf2f");
        yield return new(RatingIds.Fee(Subscription, March), "6598fa18-9d4a-846a-933d-968d8a0f5399");
        yield return new(RatingIds.Proration(Subscription, March, Window), "ec63ef89-ed93-8e54-916b-4043deb5f07b");
        yield return new(RatingIds.TrueUp(Subscription, March), "d91cdd32-747d-80db-8e8c-319afd1a2138");
        yield return new(RatingIds.Change(UsageIds.Accepted(Usage, 0), Subscription, Meter, March), "23ca60ac-1028-8c78-b89a-ac2ed8057b03");
        yield return new(RatingIds.Merged(TenantId.Of("tenant-1"), Meter, Window, RatingIds.Use(Usage, 0, Meter)), "2ddd4d0b-5978-8c3b-8521-7d50596ce692");
    }

    [TestCaseSource(nameof(Pinned))]
    public void an_id_never_changes(FactId id, string pinned) => id.ToString().ShouldBe(pinned);

    [Test]
    public void kinds_with_the_same_key_have_different_ids() =>
        Pinned().Select(data => data.Arguments[0]).ShouldBeUnique();

    [Test]
    public void each_part_of_the_key_counts()
    {
        FactId[] all =
        [
            RatingIds.Use(Usage, 0, Meter), RatingIds.Use(Usage, 1, Meter), RatingIds.Use(Usage, 0, MeterId.Of("tokens")),
            RatingIds.Use(new("//platform", "req-4711"), 0, Meter), RatingIds.Use(new("//platform/gateway", "1"), 0, Meter),
            RatingIds.Fee(Subscription, March), RatingIds.Fee(Subscription, April),
            RatingIds.Fee(SubscriptionId.Of("sub-2"), March), RatingIds.Proration(Subscription, March, Window),
            RatingIds.Proration(Subscription, March, new(Window.EndExclusive, March.EndExclusive)),
            RatingIds.Answer(TenantId.Of("tenant-1"), Subscription, Currency.Of("USD"), March, 1),
            RatingIds.Answer(TenantId.Of("tenant-1"), Subscription, Currency.Of("USD"), March, 2),
            RatingIds.Answer(TenantId.Of("tenant-1"), Subscription, Currency.Of("EUR"), March, 1),
            RatingIds.Answer(TenantId.Of("tenant-1"), null, Currency.Of("USD"), March, 1),
            RatingIds.Answer(TenantId.Of("tenant-2"), null, Currency.Of("USD"), March, 1),
            RatingIds.Change(UsageIds.Accepted(Usage, 0), Subscription, Meter, March),
            RatingIds.Change(UsageIds.Accepted(Usage, 0), TenantId.Of("sub-1"), Meter, March),
        ];

        all.ShouldBeUnique();
    }

    [Test]
    public void nothing_is_no_part_of_a_key() =>
        Should.Throw<InvalidOperationException>(() => RatingIds.Fee(default, March));
}
