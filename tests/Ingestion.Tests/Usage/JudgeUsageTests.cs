using Billing.Contracts;
using Billing.Contracts.Catalog;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;
using Billing.Ingestion.Catalog;
using Billing.Ingestion.Usage;

namespace Billing.Ingestion.Tests.Usage;

/// <summary>Time and catalog decide what an event is worth: measures, news to wait for, or a reason.</summary>
public class JudgeUsageTests
{
    private static readonly DateTimeOffset Now = Workbench.Now;

    [TestCase(Aggregation.Sum, "12.50", "12.5", null)]
    [TestCase(Aggregation.Max, "7", "7", null)]
    [TestCase(Aggregation.Latest, "0", "0", null)]
    [TestCase(Aggregation.WeightedSum, "-3", "-3", null)]
    [TestCase(Aggregation.Unique, "user-7", "1", "user-7")]
    [TestCase(Aggregation.Count, "whatever", "1", null)]
    public void a_meter_takes_what_it_aggregates(
        Aggregation aggregation, string value, string quantity, string? distinct) =>
        Judge(Meter(aggregation), ("n", value)).Measures.ShouldBe([new("m", quantity, distinct)]);

    [TestCase(Aggregation.Sum, "-1", "negative")]
    [TestCase(Aggregation.Max, "-0.1", "negative")]
    [TestCase(Aggregation.Latest, "-1", "negative")]
    [TestCase(Aggregation.Sum, "many", "not-a-number")]
    [TestCase(Aggregation.Sum, "NaN", "not-a-number")]
    [TestCase(Aggregation.Sum, "1e5", "not-a-number")]
    [TestCase(Aggregation.Sum, "", "not-a-number")]
    [TestCase(Aggregation.Sum, " 1", "not-a-number")]
    [TestCase(Aggregation.Sum, "1.0000000001", "too-many-decimals")]
    [TestCase(Aggregation.Sum, null, "property-missing")]
    [TestCase(Aggregation.Unique, null, "property-missing")]
    public void what_a_meter_cannot_take_is_refused(Aggregation aggregation, string? value, string code)
    {
        var judgment = value is null ? Judge(Meter(aggregation)) : Judge(Meter(aggregation), ("n", value));

        (judgment.Reason?.Code, judgment.IsUnmatched).ShouldBe((code, false));
    }

    [Test]
    public void one_event_feeds_every_meter_whose_filter_fits()
    {
        var catalog = Catalog(
            Meter(Aggregation.Sum),
            Meter(Aggregation.Count) with { Id = MeterId.Of("a"), Filter = [new("region", "eu")] },
            Meter(Aggregation.Count) with { Id = MeterId.Of("b"), Filter = [new("region", "us")] });

        JudgeUsage.Decide(Event(("n", "2"), ("region", "eu")), catalog, Now, BelievedTimes.Default).Measures
            .ShouldBe([new("a", "1"), new("m", "2")]);
        Judge(Meter(Aggregation.Count) with { Filter = [new("region", "us")] }, ("n", "2")).Reason
            .ShouldBe(Refusal.NoMeter);
    }

    [Test]
    public void a_unit_that_is_named_is_the_meters()
    {
        var meter = Meter(Aggregation.Sum) with { Unit = "token" };

        Judge(meter, ("n", "2"), ("unit", "token")).Reason.ShouldBeNull();
        Judge(meter, ("n", "2"), ("unit", "word")).Reason.ShouldBe(Refusal.WrongUnit);
        Judge(Meter(Aggregation.Count), ("n", "2"), ("unit", "word")).Reason.ShouldBeNull();
    }

    [Test]
    public void times_are_believed_within_bounds_both_included()
    {
        Refusal? At(DateTimeOffset usedAt) => JudgeUsage.Decide(
            Event() with { UsedAt = usedAt }, Catalog(Meter(Aggregation.Count)), Now, BelievedTimes.Default).Reason;

        At(Now.AddDays(-400)).ShouldBeNull();
        At(Now.AddDays(-400).AddMicroseconds(-1)).ShouldBe(Refusal.TooOld);
        At(Now.AddHours(24)).ShouldBeNull();
        At(Now.AddHours(24).AddMicroseconds(1)).ShouldBe(Refusal.TooFarAhead);
    }

    [Test]
    public void usage_over_the_limit_names_its_meter_itself()
    {
        var over = Event(("metric", "m"), ("units_exceeded", "1500")) with
        {
            Scope = UsageScope.OverLimit,
            Type = "quota_exceeded",
        };

        JudgeUsage.Match(over, Catalog(Meter(Aggregation.Sum))).Measures.ShouldBe([new("m", "1500")]);
        JudgeUsage.Match(over, Catalog(Meter(Aggregation.Sum) with { Id = MeterId.Of("x") })).IsUnmatched.ShouldBeTrue();
    }

    [Test]
    public void a_fact_is_written_as_the_contracts_write_it()
    {
        var usage = Event(("a\"b", "é\u2028\ud83d\ude00<&>"), ("n", "1")) with
        {
            UsedAt = Now.AddMicroseconds(120),
            Scope = UsageScope.OverLimit,
        };
        var named = new EventId("//gate\"way/é", "id\u00a0");
        using var facts = new UsageFacts();

        foreach (var scope in Enum.GetValues<UsageScope>())
        {
            var written = facts.Accepted(
                usage with { Scope = scope }, named, 3,
                new([new("m", "1.5"), new("u", "1", "us\"er")]), Now.AddTicks(10), 42, "trace");

            var record = new UsageAcceptedV1(
                usage.Tenant, named, 3, usage.Type, usage.UsedAt!.Value, Now.AddTicks(10), scope,
                new(usage.Properties),
                [
                    new(MeterId.Of("m"), Text.Read<Quantity>("1.5")),
                    new(MeterId.Of("u"), Quantity.One, "us\"er"),
                ], 42);
            System.Text.Encoding.UTF8.GetString(written.Body.Span)
                .ShouldBe(System.Text.Encoding.UTF8.GetString(ContractsJson.Write(record)));
            (written.Topic, written.Lane, written.Id, written.WireName, written.Key, written.Trace).ShouldBe((
                Topics.Usage, Lanes.Of(usage.Tenant), UsageIds.Accepted(named, 3),
                "billing.ingestion.usage-accepted.v1", "acme", "trace"));
        }
    }

    [Test]
    public void the_digest_of_a_content_never_changes_and_tells_contents_apart()
    {
        var usage = Event(("a", "1"), ("b", "2"));

        ContentDigest.Of(usage).ShouldBe(Guid.Parse("e947fd22-b165-89c8-42ed-9d7c26b10bff"));
        ContentDigest.Of(usage with { Sequence = 5, Id = "x", Source = "y" }).ShouldBe(ContentDigest.Of(usage));
        UsageEvent[] others =
        [
            usage with { Type = "other" }, usage with { Tenant = TenantId.Of("b") },
            usage with { UsedAt = Now.AddMicroseconds(1) }, usage with { UsedAt = null },
            usage with { Scope = UsageScope.OverLimit }, usage with { Change = new("e", true) },
            usage with { Change = new("e", false) }, Event(("a", "1")), Event(("a", "1b"), ("", "2")),
            Event(("a", "1"), ("b", "2"), ("c", new string('x', 5_000))),
        ];
        others.Select(ContentDigest.Of).Append(ContentDigest.Of(usage)).Distinct().Count().ShouldBe(11);
    }

    private static KnownMeter Meter(Aggregation aggregation) =>
        new(MeterId.Of("m"), "t", "call", aggregation, "n", []);

    private static CatalogSnapshot Catalog(params KnownMeter[] meters) =>
        new(7, 7, new([new("acme", 0)]), meters);

    private static Judgment Judge(KnownMeter meter, params (string, string)[] properties) =>
        JudgeUsage.Decide(Event(properties), Catalog(meter), Now, BelievedTimes.Default);

    private static UsageEvent Event(params (string Name, string Value)[] properties) => new(
        "s", "e", "t", TenantId.Of("acme"), Now, UsageScope.Whole,
        [.. properties.Select(pair => KeyValuePair.Create(pair.Name, pair.Value))]);
}
