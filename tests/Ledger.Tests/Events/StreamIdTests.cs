using Billing.Contracts.Values;
using Billing.Ledger.Events;
using static Billing.Ledger.Tests.Given;

namespace Billing.Ledger.Tests;

public class StreamIdTests
{
    private const string Uuid = "2738431a-72da-8316-8738-6ead4be3a42a";

    private static readonly PeriodKey Key = new(Tenant, Sub, Usd, March.Start);

    private static IEnumerable<TestCaseData> Ids =>
    [
        new(new StreamId.Usage(Key), "tenant-1/usage/sub-1/USD/2026-03-01T00:00:00Z"),
        new(new StreamId.Usage(Key with { Subscription = null, Currency = Xof }),
            "tenant-1/usage/~none/XOF/2026-03-01T00:00:00Z"),
        new(new StreamId.Usage(Key with { Start = At("2026-03-31T22:30:00.5Z") }),
            "tenant-1/usage/sub-1/USD/2026-03-31T22:30:00.5Z"),
        new(new StreamId.Period(Key), "tenant-1/period/sub-1/USD/2026-03-01T00:00:00Z"),
        new(new StreamId.Charge(Tenant, new(Guid.Parse(Uuid))), $"tenant-1/charge/{Uuid}"),
        new(new StreamId.Credit(Tenant, Xof), "tenant-1/credit/XOF"),
        new(new StreamId.Invoice(Tenant, new(Guid.Parse(Uuid))), $"tenant-1/invoice/{Uuid}"),
        new(new StreamId.Refused(Tenant, new(Guid.Parse(Uuid))), $"tenant-1/refused/{Uuid}"),
    ];

    [TestCaseSource(nameof(Ids))]
    public void an_id_begins_with_the_tenant_and_comes_back_from_its_text(StreamId id, string text)
    {
        id.ToString().ShouldBe(text);
        StreamId.Of(text).ShouldBe(id);
        id.Tenant.ShouldBe(Tenant);
    }

    [TestCase("")]
    [TestCase("tenant-1")]
    [TestCase("tenant-1/credit")]
    [TestCase("tenant-1/credit/")]
    [TestCase("tenant-1/credit/usd")]
    [TestCase("tenant-1/credit/USD/")]
    [TestCase("/credit/USD")]
    [TestCase("ten ant/credit/USD")]
    [TestCase("tenant-1/Credit/USD")]
    [TestCase("tenant-1/debt/USD")]
    [TestCase("tenant-1/charge/00000000-0000-0000-0000-000000000000")]
    [TestCase("tenant-1/charge/2738431A-72DA-8316-8738-6EAD4BE3A42A")]
    [TestCase("tenant-1/period/sub-1/USD")]
    [TestCase("tenant-1/period//USD/2026-03-01T00:00:00Z")]
    [TestCase("tenant-1/period/sub-1/USD/2026-03-01T00:00:00.000Z")]
    [TestCase("tenant-1/period/sub-1/USD/2026-03-01T00:00:00+00:00")]
    [TestCase("tenant-1/period/sub-1/USD/2026-03-01")]
    public void nothing_else_is_one(string text)
    {
        StreamId.Find(text).ShouldBeNull();
        Should.Throw<FormatException>(() => StreamId.Of(text));
    }

    [Test]
    public void no_subscription_is_called_as_none_of_them() =>
        Text.TryRead<SubscriptionId>("~none", out _).ShouldBeFalse();
}
