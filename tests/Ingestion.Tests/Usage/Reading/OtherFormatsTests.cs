using System.Text;
using Billing.Contracts;
using Billing.Contracts.Usage;
using Billing.Ingestion.Usage;
using Billing.ServiceDefaults.UsagePath;

namespace Billing.Ingestion.Tests.Usage.Reading;

/// <summary>Binary mode and quota_exceeded become the same model as structured events.</summary>
public class OtherFormatsTests
{
    private static readonly (string, string)[] Attributes =
    [
        ("ce_specversion", "1.0"), ("ce_id", "e"), ("ce_source", "//é"), ("ce_type", "t"), ("ce_subject", "acme"),
        ("ce_time", "2026-03-14T12:00:00Z"), ("content-type", "application/json; charset=utf-8"), ("other", "x"),
    ];

    [Test]
    public void binary_mode_means_what_structured_mode_means()
    {
        var binary = TakeRawUsage.Read(Message("""{"n":1.0,"a":"b"}""", Attributes));
        var structured = TakeRawUsage.Read(Message(
            """
            {"specversion":"1.0","id":"e","source":"//é","type":"t","subject":"acme","time":"2026-03-14T12:00:00Z",
             "data":{"a":"b","n":1}}
            """, ("content-type", "application/cloudevents+json")));

        ContentDigest.Of(binary.Event!).ShouldBe(ContentDigest.Of(structured.Event!));
        (binary.Source, binary.Id, binary.Partition, binary.Offset).ShouldBe(("//é", "e", 2, 7L));
        binary.Headers.ShouldNotBeNull();
        structured.Headers.ShouldBeNull();
    }

    [TestCase("[1]", "data-invalid")]
    [TestCase("{", "data-invalid")]
    [TestCase("""{"a":1}{""", "data-invalid")]
    [TestCase("""{"a":{}}""", "too-deep")]
    public void binary_data_are_as_strict(string body, string code) =>
        TakeRawUsage.Read(Message(body, Attributes)).Refusal!.Code.ShouldBe(code);

    [Test]
    public void a_header_that_comes_twice_or_is_no_text_is_refused()
    {
        TakeRawUsage.Read(Message("", [.. Attributes, ("ce_id", "f")])).Refusal.ShouldBe(Refusal.DuplicateName);
        TakeRawUsage.Read(Message("", [.. Attributes, ("ce_NOT", "f")])).Refusal.ShouldBe(Refusal.AttributeInvalid);
        TakeRawUsage.Read(Message("", Attributes)).Event!.Properties.ShouldBeEmpty();
    }

    [Test]
    public void the_trace_of_a_message_goes_on()
    {
        const string Trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

        TakeRawUsage.Read(Message("{", ("traceparent", Trace))).Trace.ShouldBe(Trace);
        TakeRawUsage.Read(Message("{", ("traceparent", "x"))).Trace.ShouldBeNull();
    }

    [Test]
    public void quota_exceeded_is_usage_over_the_limit()
    {
        var arrival = TakeQuotaExceeded.Read(Message(
            """
            {"event_id":"q-1","tenant_id":"acme","plan_id":"business","country":"CI","metric":"api_calls",
             "units_exceeded":1500.0,"timestamp":"2026-03-14T12:00:00Z","future":[{}],
             "metadata":{"region":"eu","nested":{"a":1},"odd name":1}}
            """));

        var usage = arrival.Event.ShouldNotBeNull();
        (usage.Source, usage.Id, usage.Type, usage.Tenant.ToString(), usage.Scope)
            .ShouldBe(("quota_exceeded", "q-1", "quota_exceeded", "acme", UsageScope.OverLimit));
        usage.Properties.ShouldBe(
        [
            new("country", "CI"), new("metadata.region", "eu"), new("metric", "api_calls"),
            new("plan_id", "business"), new("units_exceeded", "1500"),
        ]);
    }

    [TestCase("event_id", "\"\"", "event-id-invalid")]
    [TestCase("event_id", "{}", "event-id-invalid")]
    [TestCase("tenant_id", "null", "tenant-id-invalid")]
    [TestCase("metric", "\"no/meter\"", "metric-invalid")]
    [TestCase("units_exceeded", "-1", "units-invalid")]
    [TestCase("units_exceeded", "\"many\"", "units-invalid")]
    [TestCase("units_exceeded", "true", "units-invalid")]
    [TestCase("timestamp", "1710000000000", "timestamp-invalid")]
    [TestCase("event_id\":\"x\",\"event_id", "\"y\"", "duplicate-name")]
    public void quota_exceeded_says_what_is_wrong(string member, string value, string code)
    {
        var members = new Dictionary<string, string>
        {
            ["event_id"] = "\"q\"",
            ["tenant_id"] = "\"acme\"",
            ["metric"] = "\"m\"",
            ["units_exceeded"] = "\"12.5\"",
            ["timestamp"] = "\"2026-03-14T12:00:00Z\"",
        };
        members.Remove(member.Split('"')[0]);
        members[member] = value;

        TakeQuotaExceeded.Read(Message(
                $"{{{string.Join(',', members.Select(pair => $"\"{pair.Key}\":{pair.Value}"))}}}"))
            .Refusal!.Code.ShouldBe(code);
    }

    private static RawMessage Message(string body, params (string Name, string Value)[] headers) => new(
        Topics.RawUsage, 2, 7, default, Encoding.UTF8.GetBytes(body),
        [.. headers.Select(header => KeyValuePair.Create(header.Name, Encoding.UTF8.GetBytes(header.Value)))],
        Workbench.Now);
}
