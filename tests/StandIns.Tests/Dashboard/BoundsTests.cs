using Aspire.Hosting.Dashboard;

namespace Billing.StandIns.Tests.Dashboard;

/// <summary>However much the services send, the dashboard keeps a fixed amount, and says what it dropped.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class BoundsTests
{
    private static readonly TelemetryLimits Limits = new()
    {
        Logs = 1_000,
        Traces = 200,
        SpansPerTrace = 50,
        Series = 300,
        SeriesPerInstrument = 100,
        PointsPerSeries = 20,
        Services = 10,
    };

    private readonly TelemetryStore _store = new(Limits, TimeProvider.System);

    [Test]
    public void old_logs_go_first()
    {
        for (var i = 0; i < 50_000; i += 100)
            _store.Add(OtlpLogs.Read(Wire.Request("ledger", [.. Enumerable.Range(i, 100).Select(n => Wire.Log($"log {n}", n % 10 == 0 ? 17 : 9))]), 0));

        var (kept, forgotten, _) = _store.Logs.Size;
        kept.ShouldBe(1_000);
        forgotten.ShouldBe(49_000);
        var all = _store.Logs.Find(new(null, 0, null, null, null, 0, long.MaxValue, int.MaxValue));
        all.Count.ShouldBe(1_000);
        all[0].Message.ShouldBe("log 49999");
        all[^1].Message.ShouldBe("log 49000");
        _store.Logs.Errors()["ledger"].Errors.ShouldBe(100);
    }

    [Test]
    public void large_logs_are_kept_by_their_size()
    {
        var store = new TelemetryStore(Limits with { LogBytes = 1_000_000 }, TimeProvider.System);
        for (var i = 0; i < 2_000; i++)
            store.Add(OtlpLogs.Read(Wire.Request("ledger", Wire.Log(new string('x', 10_000))), 0));

        var (kept, _, bytes) = store.Logs.Size;
        kept.ShouldBeInRange(10, 60);
        bytes.ShouldBeLessThan(1_000_000);
    }

    [Test]
    public void old_traces_go_first()
    {
        for (var i = 1; i <= 20_000; i++)
            _store.Add(OtlpTraces.Read(Wire.Request("ledger", Wire.Span(Wire.Id(16, i), Wire.Id(8, 1), $"trace {i}", i, i + 1))));

        var (kept, forgotten, _, _) = _store.Traces.Size;
        kept.ShouldBe(200);
        forgotten.ShouldBe(19_800);
        var all = _store.Traces.Find(new(null, null, false, 0, int.MaxValue));
        all.Count.ShouldBe(200);
        all[0].Name.ShouldBe("trace 20000");
    }

    [Test]
    public void one_endless_trace_is_cut_and_says_so()
    {
        for (var i = 1; i <= 10_000; i++)
            _store.Add(OtlpTraces.Read(Wire.Request("ledger", Wire.Span(Wire.Id(16, 1), Wire.Id(8, i), "span"))));

        var trace = _store.Traces.Find(new(null, null, false, 0, 10)).Single();
        trace.Spans.ShouldBe(50);
        trace.Dropped.ShouldBe(9_950);
        _store.Traces.Size.SpansDropped.ShouldBe(9_950);
    }

    [Test]
    public void a_span_that_is_sent_again_is_not_counted_again()
    {
        var request = Wire.Request("ledger", Wire.Span(Wire.Id(16, 1), Wire.Id(8, 1), "span"));
        for (var i = 0; i < 100; i++) _store.Add(OtlpTraces.Read(request));

        _store.Traces.Find(new(null, null, false, 0, 10)).Single().Spans.ShouldBe(1);
        _store.Traces.Size.Bytes.ShouldBeLessThan(5_000);
    }

    [Test]
    public void large_spans_are_kept_by_their_size()
    {
        var store = new TelemetryStore(Limits with { TraceBytes = 4_000_000 }, TimeProvider.System);
        var attribute = Wire.Attribute("text", new string('x', 8_000));
        for (var i = 1; i <= 3_000; i++)
        {
            var span = Wire.Message((1, Wire.Id(16, i % 7)), (2, Wire.Id(8, i)), (5, "large"), (9, attribute), (9, attribute));
            store.Add(OtlpTraces.Read(Wire.Request("ledger", span)));
        }

        store.Traces.Size.Bytes.ShouldBeLessThanOrEqualTo(4_000_000);
        store.Traces.Size.SpansDropped.ShouldBeGreaterThan(1_000);
    }

    [Test]
    public void series_and_points_are_limited_and_refusals_counted()
    {
        var store = new TelemetryStore(Limits, new Clock { Now = DateTimeOffset.UnixEpoch.AddMinutes(5) });
        for (var round = 1; round <= 30; round++)
        {
            for (var metric = 0; metric < 10; metric++)
            {
                var at = round * 10_000_000_000;
                var sums = Enumerable.Range(0, 150).Select(set => Wire.Sum($"metric {metric}", round, $"set {set}", at));
                store.Add(OtlpMetrics.Read(Wire.Request("ledger", [.. sums]), long.MaxValue / 2));
            }
        }

        var (series, refused, bytes) = store.Metrics.Size;
        series.ShouldBe(300);
        refused.ShouldBe(30 * (10 * 150 - 300));
        bytes.ShouldBeLessThan(1_000_000);
        foreach (var (name, _, count) in store.Metrics.Names())
        {
            count.ShouldBeLessThanOrEqualTo(100);
            store.Metrics.Find(name)!.Series.ShouldAllBe(one => one.Points.Length <= 20);
        }
    }

    [Test]
    public void points_within_the_resolution_are_one()
    {
        for (var i = 0; i < 1_000; i++)
            _store.Add(OtlpMetrics.Read(Wire.Request("ledger", Wire.Sum("events", i, "a", 1_000_000_000 + i * 1_000_000)), long.MaxValue / 2));

        var points = _store.Metrics.Find(new("ledger", "scope", "events"))!.Series.Single().Points;
        points.Length.ShouldBeLessThanOrEqualTo(3);
        points[^1].Value.ShouldBe(999);
    }

    [Test]
    public void metrics_are_kept_by_their_size()
    {
        var store = new TelemetryStore(new() { MetricBytes = 500_000 }, TimeProvider.System);
        for (var round = 1; round <= 500; round++)
        {
            var sums = Enumerable.Range(0, 100).Select(set => Wire.Sum("events", round, $"set {set}", round * 10_000_000_000));
            store.Add(OtlpMetrics.Read(Wire.Request("ledger", [.. sums]), long.MaxValue / 2));
        }

        store.Metrics.Size.Bytes.ShouldBeLessThan(520_000);
        store.Metrics.Find(new("ledger", "scope", "events"))!.Series
            .Select(one => one.Points.Last().Value).Distinct().ShouldBe([500]);
    }

    [Test]
    public void series_that_fell_silent_make_room_for_new_ones()
    {
        var clock = new Clock { Now = DateTimeOffset.UnixEpoch.AddDays(1) };
        var store = new TelemetryStore(Limits with { Series = 10 }, clock);
        Send("old");
        Send("new");
        store.Metrics.Size.PointsRefused.ShouldBe(10);

        clock.Now += TimeSpan.FromMinutes(6);
        Send("new");
        store.Metrics.Names().ShouldContain(one => one.Name.Name == "new");
        store.Metrics.Size.Series.ShouldBe(10);

        void Send(string name) => store.Add(OtlpMetrics.Read(
            Wire.Request("ledger", [.. Enumerable.Range(0, 10).Select(set => Wire.Sum(name, 1, $"set {set}"))]),
            clock.Now.ToUnixTimeMilliseconds()));
    }

    [Test]
    public void names_of_senders_are_limited()
    {
        for (var i = 0; i < 1_000; i++) _store.Add(OtlpLogs.Read(Wire.Request($"service {i}", Wire.Log("text")), 0));
        _store.Services.Length.ShouldBe(10);
    }

    /// <summary>The real limits, a flood of everything at once from several senders, and the heap afterwards.</summary>
    [Test]
    public void a_flood_leaves_the_heap_within_the_limits()
    {
        var limits = new TelemetryLimits { LogBytes = 4 << 20, TraceBytes = 4 << 20, MetricBytes = 4 << 20 };
        var store = new TelemetryStore(limits, TimeProvider.System);
        var before = GC.GetTotalMemory(forceFullCollection: true);

        Parallel.For(0, 4, sender =>
        {
            var text = new string('x', 2_000);
            for (var i = 0; i < 5_000; i++)
            {
                var unique = sender * 1_000_000 + i + 1;
                store.Add(OtlpLogs.Read(Wire.Request($"service {sender}", Wire.Log(text + unique)), 0));
                store.Add(OtlpTraces.Read(Wire.Request($"service {sender}", Wire.Span(Wire.Id(16, unique), Wire.Id(8, 1), text + unique))));
                store.Add(OtlpMetrics.Read(Wire.Request($"service {sender}", Wire.Sum($"metric {i % 50}", i, text + unique)), i * 3_000L + 1));
            }
        });

        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        grown.ShouldBeLessThan(24 << 20);
        GC.KeepAlive(store);
        store.Logs.Size.Kept.ShouldBeGreaterThan(100);
        store.Traces.Size.Kept.ShouldBeGreaterThan(100);
        store.Metrics.Size.PointsRefused.ShouldBeGreaterThan(0);
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
