using System.Globalization;

namespace Aspire.Hosting.Dashboard;

/// <summary>The shapes that the page gets. Times are milliseconds since the Unix epoch, with a fraction.</summary>
internal sealed class DashboardViews(IResourceSource resources, TelemetryStore telemetry)
{
    private static readonly (int From, string Name)[] Levels =
        [(21, "Critical"), (17, "Error"), (13, "Warning"), (9, "Information"), (5, "Debug"), (0, "Trace")];

    private static readonly string[] SpanKinds = ["", "internal", "server", "client", "producer", "consumer"];

    public IEnumerable<object> Resources()
    {
        var errors = telemetry.Logs.Errors();
        return resources.Resources.Select(SecretMask.Of).Select(resource =>
        {
            var (count, last) = errors.TryGetValue(resource.Name, out var known) ? known : (0, null);
            return new
            {
                resource.Name,
                resource.Kind,
                resource.State,
                resource.Health,
                resource.HealthDetail,
                resource.Endpoints,
                Environment = resource.Environment.Select(one =>
                    new { one.Name, Value = one.IsSecret && one.Value.Length > 0 ? Masked(one.Value) : one.Value, one.IsSecret }),
                resource.ProcessId,
                StartedAt = resource.StartedAt?.ToUnixTimeMilliseconds(),
                resource.Restarts,
                resource.ExitCode,
                resource.Command,
                resource.WaitsFor,
                resource.Commands,
                Errors = count,
                LastError = LastError(resource, last),
            };
        });
    }

    /// <summary>Grows when a page has something new to fetch.</summary>
    public object Counts()
    {
        var (logs, logsForgotten, logBytes) = telemetry.Logs.Size;
        var (traces, tracesForgotten, spansDropped, traceBytes) = telemetry.Traces.Size;
        var (series, pointsRefused, metricBytes) = telemetry.Metrics.Size;
        return new
        {
            logs = new { changes = telemetry.Logs.Changes, kept = logs, forgotten = logsForgotten, bytes = logBytes },
            traces = new
            {
                changes = telemetry.Traces.Changes,
                kept = traces,
                forgotten = tracesForgotten,
                spansDropped,
                bytes = traceBytes,
            },
            metrics = new { changes = telemetry.Metrics.Changes, kept = series, pointsRefused, bytes = metricBytes },
        };
    }

    public static int Severity(string? level) =>
        Levels.FirstOrDefault(one => string.Equals(one.Name, level, StringComparison.OrdinalIgnoreCase)).From;

    public static object Log(LogEntry entry) => new
    {
        entry.Number,
        time = Milliseconds(entry.Nanoseconds),
        service = entry.Sender.Service,
        instance = entry.Sender.Instance,
        category = entry.Scope,
        level = Levels.First(one => entry.Severity >= one.From).Name,
        entry.Message,
        entry.Attributes,
        trace = entry.TraceId == UInt128.Zero ? null : Hex(entry.TraceId),
        span = entry.SpanId == 0 ? null : Hex(entry.SpanId),
    };

    public static object Trace(TraceSummary trace) => new
    {
        id = Hex(trace.Id),
        trace.Name,
        trace.Service,
        start = Milliseconds(trace.Start),
        duration = Milliseconds(trace.End - trace.Start),
        trace.Spans,
        trace.Errors,
        trace.Dropped,
        trace.Services,
    };

    public static object Waterfall(UInt128 id, IReadOnlyList<SpanEntry> spans, int dropped, IReadOnlyList<LogEntry> logs) =>
        new
        {
            summary = Trace(TraceSummary.Of(id, spans, dropped)),
            spans = spans.Select(Span),
            logs = logs.Reverse().Select(Log),
        };

    private static object Span(SpanEntry span) => new
    {
        id = Hex(span.SpanId),
        parent = span.ParentId == 0 ? null : Hex(span.ParentId),
        service = span.Sender.Service,
        instance = span.Sender.Instance,
        resource = span.Sender.Attributes,
        span.Scope,
        span.Name,
        kind = span.Kind >= 0 && span.Kind < SpanKinds.Length ? SpanKinds[span.Kind] : "",
        start = Milliseconds(span.Start),
        duration = Milliseconds(span.End - span.Start),
        status = span.Status switch { 1 => "ok", 2 => "error", _ => "unset" },
        span.StatusMessage,
        span.Attributes,
        events = span.Events.Select(one => new { time = Milliseconds(one.Nanoseconds), one.Name, one.Attributes }),
        links = span.Links.Select(one => new { trace = Hex(one.TraceId), span = Hex(one.SpanId), one.Attributes }),
    };

    /// <summary>Of a service its newest logged error; of a process that ended badly its last words.</summary>
    private object? LastError(ResourceView resource, LogEntry? logged)
    {
        if (resource.ExitCode is not (null or 0) && LastWords(resource.Name) is { } line)
            return new { text = SecretMask.InText(line.Text), at = (double)line.At.ToUnixTimeMilliseconds(), source = "console" };

        return logged is null
            ? null
            : new { text = logged.Message, at = Milliseconds(logged.Nanoseconds), source = "logs" };
    }

    private ConsoleLine? LastWords(string resource)
    {
        ConsoleLine? last = null;
        var seen = 0L;
        while (resources.ConsoleLines(resource, seen, 1_000) is { Count: > 0 } lines)
        {
            last = lines.LastOrDefault(line => line.IsError && !string.IsNullOrWhiteSpace(line.Text)) ?? last;
            seen = lines[^1].Number;
        }

        return last;
    }

    private static string Masked(string value) =>
        value.Contains(SecretMask.Dots, StringComparison.Ordinal) ? value : SecretMask.Dots;

    private static double Milliseconds(long nanoseconds) => Math.Round(nanoseconds / 1e6, 4);

    private static string Hex(UInt128 id) => id.ToString("x32", CultureInfo.InvariantCulture);

    private static string Hex(ulong id) => id.ToString("x16", CultureInfo.InvariantCulture);
}
