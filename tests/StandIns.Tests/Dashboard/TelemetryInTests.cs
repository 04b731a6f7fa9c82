using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;
using Billing.Testbed;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Billing.StandIns.Tests.Dashboard;

/// <summary>What the OpenTelemetry SDK sends is what the page gets to see.</summary>
[TestFixture(OtlpExportProtocol.Grpc)]
[TestFixture(OtlpExportProtocol.HttpProtobuf)]
public class TelemetryInTests(OtlpExportProtocol protocol)
{
    private RunningDashboard _dashboard = null!;

    [SetUp]
    public async Task Start() => _dashboard = await RunningDashboard.Start();

    [TearDown]
    public async Task Stop() => await _dashboard.DisposeAsync();

    [Test]
    public async Task a_trace_across_two_services_is_one_waterfall()
    {
        using var source = new ActivitySource("a_trace_across_two_services" + protocol);
        using var ingestion = Tracer(source, "ingestion");

        string id;
        using (var request = source.StartActivity("POST /events", ActivityKind.Server)!)
        {
            id = request.TraceId.ToHexString();
            request.SetTag("tenant", "acme").SetTag("count", 17).SetTag("names", new[] { "a", "b" });
            request.AddEvent(new("accepted", tags: new() { { "batch", 3 } }));
            using var publish = source.StartActivity("publish", ActivityKind.Producer)!;
        }

        ingestion.ForceFlush().ShouldBeTrue();
        ingestion.Dispose();
        using var pricing = Tracer(source, "pricing");
        var parent = new ActivityContext(
            ActivityTraceId.CreateFromString(id), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);
        using (var process = source.StartActivity("rate", ActivityKind.Consumer, parent)!)
            process.SetStatus(ActivityStatusCode.Error, "no price in force");
        pricing.ForceFlush().ShouldBeTrue();

        var trace = await _dashboard.Get($"/api/traces/{id}");
        var summary = trace.GetProperty("summary");
        summary.GetProperty("name").GetString().ShouldBe("POST /events");
        summary.GetProperty("service").GetString().ShouldBe("ingestion");
        summary.GetProperty("spans").GetInt32().ShouldBe(3);
        summary.GetProperty("errors").GetInt32().ShouldBe(1);

        var root = Span(trace, "POST /events");
        root.GetProperty("kind").GetString().ShouldBe("server");
        root.GetProperty("scope").GetString().ShouldBe(source.Name);
        root.TryGetProperty("parent", out _).ShouldBeFalse();
        Attribute(root, "tenant").ShouldBe("acme");
        Attribute(root, "count").ShouldBe("17");
        Attribute(root, "names").ShouldBe("""["a", "b"]""");
        var happened = root.GetProperty("events").EnumerateArray().Single();
        happened.GetProperty("name").GetString().ShouldBe("accepted");
        Attribute(happened, "batch").ShouldBe("3");
        Span(trace, "publish").GetProperty("parent").GetString().ShouldBe(root.GetProperty("id").GetString());
        var failed = Span(trace, "rate");
        failed.GetProperty("status").GetString().ShouldBe("error");
        failed.GetProperty("statusMessage").GetString().ShouldBe("no price in force");
        failed.GetProperty("service").GetString().ShouldBe("pricing");
    }

    [Test]
    public async Task traces_are_found_by_service_error_duration_and_text()
    {
        using var source = new ActivitySource("traces_are_found" + protocol);
        using (var ledger = Tracer(source, "ledger"))
        {
            var now = DateTime.UtcNow;
            using var slow = source.StartActivity("close period", ActivityKind.Internal, default(ActivityContext), startTime: now.AddSeconds(-9))!;
            slow.SetTag("tenant", "acme").SetStatus(ActivityStatusCode.Error);
            slow.SetEndTime(now);
            slow.Stop();
            Activity.Current = null;
            using var quick = source.StartActivity("read balance", ActivityKind.Internal, default(ActivityContext), startTime: now)!;
            quick.SetEndTime(now.AddMilliseconds(2));
            quick.Stop();
            ledger.ForceFlush().ShouldBeTrue();
        }

        (await Names("")).ShouldBe(["read balance", "close period"]);
        (await Names("?service=ledger")).Length.ShouldBe(2);
        (await Names("?service=pricing")).ShouldBeEmpty();
        (await Names("?errors=true")).ShouldBe(["close period"]);
        (await Names("?minimum=1000")).ShouldBe(["close period"]);
        (await Names("?text=ACME")).ShouldBe(["close period"]);
        (await Names("?text=BALANCE")).ShouldBe(["read balance"]);
        (await Names("?limit=1")).ShouldBe(["read balance"]);

        async Task<string[]> Names(string query) =>
        [
            .. (await _dashboard.Get("/api/traces" + query)).GetProperty("traces").EnumerateArray()
                .Select(trace => trace.GetProperty("name").GetString()!),
        ];
    }

    [Test]
    public async Task logs_come_with_level_attributes_exception_and_trace()
    {
        using var source = new ActivitySource("logs_come_with" + protocol);
        using var tracer = Tracer(source, "ledger");
        string trace;
        using (var logs = Logs("ledger", formatted: true))
        using (var activity = source.StartActivity("post charge")!)
        {
            trace = activity.TraceId.ToHexString();
            var logger = logs.CreateLogger("Billing.Ledger");
            logger.LogInformation("Posted {Count} charges of {Tenant}", 12, "acme");
            logger.LogError(new InvalidOperationException("lane lost"), "Batch failed");
        }

        // Who ends a logger waits for what it sends, but not for ever.
        var found = await Eventually.Gives(async () =>
            await Found("?level=Information") is { Length: 2 } both ? both : null);
        found.Select(log => log.GetProperty("message").GetString()).ShouldBe(["Batch failed", "Posted 12 charges of acme"]);
        found[1].GetProperty("service").GetString().ShouldBe("ledger");
        found[1].GetProperty("category").GetString().ShouldBe("Billing.Ledger");
        found[1].GetProperty("level").GetString().ShouldBe("Information");
        found[1].GetProperty("trace").GetString().ShouldBe(trace);
        Attribute(found[1], "Tenant").ShouldBe("acme");
        Attribute(found[0], "exception.type").ShouldBe(nameof(InvalidOperationException));
        (Attribute(found[0], "exception.stacktrace") ?? "").ShouldContain("lane lost");

        (await Found("?level=Error")).Length.ShouldBe(1);
        (await Found("?text=ACME")).Length.ShouldBe(1);
        (await Found("?service=pricing")).ShouldBeEmpty();
        (await Found($"?trace={trace}")).Length.ShouldBe(2);
        (await Found($"?after={found[1].GetProperty("number").GetInt64()}")).Length.ShouldBe(1);
        (await Found($"?before={found[0].GetProperty("number").GetInt64()}")).Length.ShouldBe(1);
    }

    [Test]
    public async Task a_message_template_is_filled_in()
    {
        using (var logs = Logs("ledger", formatted: false))
            logs.CreateLogger("Billing").LogWarning("Posted {Count} of {Tenant}", 12, "acme");

        var logged = await Eventually.Gives(async () => await Found("") is { Length: > 0 } all ? all : null);
        var log = logged.Single();
        log.GetProperty("message").GetString().ShouldBe("Posted 12 of acme");
        log.GetProperty("level").GetString().ShouldBe("Warning");
    }

    [Test]
    public async Task a_counter_has_a_total_and_a_rate_for_each_attribute_set()
    {
        using var meter = new Meter("a_counter" + protocol);
        var counter = meter.CreateCounter<long>("events", "{event}", "Events taken.");
        using var provider = Meters(meter, "ingestion");

        counter.Add(10, new KeyValuePair<string, object?>("outcome", "accepted"));
        counter.Add(1, new KeyValuePair<string, object?>("outcome", "refused"));
        var sum = 10L;

        // A rate needs two points that are further apart than the resolution.
        var accepted = await Eventually.Gives(async () =>
        {
            counter.Add(30, new KeyValuePair<string, object?>("outcome", "accepted"));
            sum += 30;
            provider.ForceFlush().ShouldBeTrue();
            var chart = await Chart("ingestion", meter.Name, "events");
            chart.GetProperty("kind").GetString().ShouldBe("sum");
            chart.GetProperty("unit").GetString().ShouldBe("{event}");
            var set = chart.GetProperty("sets").EnumerateArray().Single(one => one.GetProperty("key").GetString() == "outcome=accepted");
            return set.GetProperty("points").EnumerateArray().Any(point => Real(point, "rate") > 0) ? new { set } : null;
        });

        Real(accepted.set, "latest").ShouldBe(sum);
        var meters = (await _dashboard.Get("/api/metrics")).GetProperty("services").EnumerateArray().Single();
        meters.GetProperty("service").GetString().ShouldBe("ingestion");
        meters.GetProperty("meters")[0].GetProperty("instruments")[0].GetProperty("series").GetInt32().ShouldBe(2);
    }

    [Test]
    public async Task a_gauge_shows_its_value_and_an_up_down_counter_its_level()
    {
        using var meter = new Meter("a_gauge" + protocol);
        meter.CreateObservableGauge("memory", () => 2.5, "By");
        var held = meter.CreateUpDownCounter<long>("held");
        using var provider = Meters(meter, "ledger");
        held.Add(-7);
        provider.ForceFlush().ShouldBeTrue();

        var gauge = await Chart("ledger", meter.Name, "memory");
        gauge.GetProperty("kind").GetString().ShouldBe("gauge");
        Real(gauge.GetProperty("sets")[0], "latest").ShouldBe(2.5);
        var level = await Chart("ledger", meter.Name, "held");
        level.GetProperty("kind").GetString().ShouldBe("level");
        Real(level.GetProperty("sets")[0], "latest").ShouldBe(-7);
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task a_histogram_has_quantiles(bool isExponential)
    {
        using var meter = new Meter($"a_histogram{protocol}{isExponential}");
        var histogram = meter.CreateHistogram<double>("duration", "ms");
        using var provider = Meters(meter, "pricing", builder =>
        {
            if (isExponential) builder.AddView("duration", new Base2ExponentialBucketHistogramConfiguration());
            else builder.AddView("duration", new ExplicitBucketHistogramConfiguration { Boundaries = [10, 20, 50, 100, 200] });
        });
        var last = await Eventually.Gives(async () =>
        {
            for (var value = 1; value <= 100; value++) histogram.Record(value);
            provider.ForceFlush().ShouldBeTrue();
            var chart = await Chart("pricing", meter.Name, "duration");
            var points = chart.GetProperty("merged").EnumerateArray().Where(point => Real(point, "p50") is not null).ToArray();
            return points.Length > 0 ? new { chart, point = points[0] } : null;
        });

        // The straight line through a bucket is off by at most the bucket.
        var tolerance = isExponential ? 3 : 5;
        Real(last.point, "p50")!.Value.ShouldBe(50, tolerance);
        Real(last.point, "p90")!.Value.ShouldBe(90, tolerance);
        Real(last.point, "p99")!.Value.ShouldBe(99, tolerance);
        Real(last.point, "value")!.Value.ShouldBe(50.5, 0.001);
        last.chart.GetProperty("sets")[0].GetProperty("count").GetInt64().ShouldBeGreaterThanOrEqualTo(100);
    }

    private OtlpExporterOptions Send(OtlpExporterOptions options)
    {
        options.Protocol = protocol;
        options.Headers = "x-otlp-api-key=" + RunningDashboard.ApiKey;
        options.TimeoutMilliseconds = (int)Eventually.Patience.TotalMilliseconds;
        return options;
    }

    private void Send(OtlpExporterOptions options, string path)
    {
        Send(options).Endpoint = protocol == OtlpExportProtocol.Grpc
            ? _dashboard.Addresses.OtlpGrpc
            : new(_dashboard.Addresses.OtlpHttp, path);
    }

    private static ResourceBuilder From(string service) => ResourceBuilder.CreateEmpty().AddService(service);

    private TracerProvider Tracer(ActivitySource source, string service) => Sdk.CreateTracerProviderBuilder()
        .SetResourceBuilder(From(service))
        .AddSource(source.Name)
        .AddOtlpExporter(options => Send(options, "/v1/traces"))
        .Build();

    private ILoggerFactory Logs(string service, bool formatted) => LoggerFactory.Create(logging => logging.AddOpenTelemetry(options =>
    {
        options.IncludeFormattedMessage = formatted;
        options.SetResourceBuilder(From(service));
        options.AddOtlpExporter(exporter => Send(exporter, "/v1/logs"));
    }));

    private MeterProvider Meters(Meter meter, string service, Action<MeterProviderBuilder>? more = null)
    {
        var builder = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(From(service))
            .AddMeter(meter.Name)
            .AddOtlpExporter(options => Send(options, "/v1/metrics"));
        more?.Invoke(builder);
        return builder.Build();
    }

    private async Task<JsonElement[]> Found(string query) =>
        [.. (await _dashboard.Get("/api/logs" + query)).GetProperty("logs").EnumerateArray()];

    private Task<JsonElement> Chart(string service, string meter, string instrument) =>
        _dashboard.Get($"/api/metrics/chart?service={service}&meter={meter}&instrument={instrument}");

    private static JsonElement Span(JsonElement trace, string name) =>
        trace.GetProperty("spans").EnumerateArray().Single(span => span.GetProperty("name").GetString() == name);

    private static string? Attribute(JsonElement owner, string key) => owner.GetProperty("attributes").EnumerateArray()
        .Single(one => one.GetProperty("key").GetString() == key).GetProperty("value").GetString();

    private static double? Real(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;
}
