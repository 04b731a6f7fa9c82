using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Aspire.Hosting.Dashboard;

/// <summary>What the page asks for, as JSON. Text is passed on as it came: the page never reads it as markup.</summary>
internal sealed class DashboardApi(
    string application,
    IResourceSource resources,
    TelemetryStore telemetry,
    TimeProvider time,
    Task<DashboardAddresses> addresses,
    CancellationToken stopping)
{
    private const int MaxRows = 1_000;
    private const int LinesAtOnce = 1_000;

    private readonly DashboardViews _views = new(resources, telemetry);

    public void Map(IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/api");
        api.MapGet("/info", Info);
        api.MapGet("/live", new DashboardLive(application, resources, telemetry, _views, time, stopping).Stream);
        api.MapGet("/resources", () => new { version = resources.Version, resources = _views.Resources() });
        api.MapPost("/resources/{name}/{command}", Execute);
        api.MapGet("/resources/{name}/console", Console);
        api.MapGet("/resources/{name}/console.txt", Download);
        api.MapGet("/logs", Logs);
        api.MapGet("/traces", Traces);
        api.MapGet("/traces/{id}", Trace);
        api.MapGet("/metrics", Metrics);
        api.MapGet("/metrics/chart", Chart);
    }

    private async Task<object> Info()
    {
        var at = await addresses;
        return new
        {
            application,
            now = time.GetUtcNow(),
            otlp = new { grpc = at.OtlpGrpc.ToString().TrimEnd('/'), http = at.OtlpHttp.ToString().TrimEnd('/') },
            limits = telemetry.Limits,
            kept = _views.Counts(),
        };
    }

    private async Task<IResult> Execute(string name, string command)
    {
        var resource = resources.Resources.FirstOrDefault(one => one.Name == name);
        if (resource is null) return Problem(404, $"There is no resource {name}.");
        if (!resource.Commands.Contains(command)) return Problem(409, $"{name} does not offer {command} now.");

        try
        {
            // Goes on when the page is closed: a half-done stop helps nobody.
            await resources.Execute(name, command, stopping);
            return Results.NoContent();
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return Problem(503, "The application is shutting down.");
        }
#pragma warning disable CA1031 // whatever went wrong, whoever pressed the button has to see it
        catch (Exception failure)
        {
            return Problem(500, SecretMask.InText(failure.Message));
        }
#pragma warning restore CA1031
    }

    private object Console(string name, long after = 0, int limit = LinesAtOnce) =>
        new { lines = resources.ConsoleLines(name, after, Math.Clamp(limit, 1, LinesAtOnce)) };

    private IResult Download(string name)
    {
        if (resources.Resources.All(one => one.Name != name)) return Problem(404, $"There is no resource {name}.");

        var text = new StringBuilder();
        var seen = 0L;
        while (resources.ConsoleLines(name, seen, LinesAtOnce) is { Count: > 0 } lines)
        {
            foreach (var line in lines)
                text.Append(CultureInfo.InvariantCulture, $"{line.At.UtcDateTime:O} {(line.IsError ? "err" : "out")} {line.Text}\n");
            seen = lines[^1].Number;
        }

        var file = string.Concat(name.Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '-'));
        return Results.File(Encoding.UTF8.GetBytes(text.ToString()), "text/plain; charset=utf-8", $"{file}.log");
    }

    private IResult Logs(
        string? service, string? level, string? text, string? trace, string? span, long? after, long? before, int? limit)
    {
        if (!TryParseId<UInt128>(trace, 32, out var traceId) || !TryParseId<ulong>(span, 16, out var spanId))
            return Problem(400, "A trace id has 32 hexadecimal digits, a span id 16.");

        var entries = telemetry.Logs.Find(new(
            service, DashboardViews.Severity(level), text, traceId, spanId, after ?? 0, before ?? long.MaxValue,
            Math.Clamp(limit ?? 200, 1, MaxRows)));
        return Results.Json(new { services = telemetry.Services, logs = entries.Select(DashboardViews.Log) });
    }

    private object Traces(string? service, string? text, bool? errors, double? minimum, int? limit)
    {
        var minimumNanoseconds = (long)Math.Clamp((minimum ?? 0) * 1e6, 0, 1e18);
        var traces = telemetry.Traces.Find(new(
            service, text, errors ?? false, minimumNanoseconds, Math.Clamp(limit ?? 200, 1, MaxRows)));
        return new { services = telemetry.Services, traces = traces.Select(DashboardViews.Trace) };
    }

    private IResult Trace(string id)
    {
        if (!TryParseId<UInt128>(id, 32, out var traceId) || traceId is null)
            return Problem(400, "A trace id has 32 hexadecimal digits.");
        if (telemetry.Traces.Find(traceId.Value, out var dropped) is not { } spans)
            return Problem(404, "This trace is not kept (any more).");

        var logs = telemetry.Logs.Find(new(null, 0, null, traceId, null, 0, long.MaxValue, MaxRows));
        return Results.Json(DashboardViews.Waterfall(traceId.Value, spans, dropped, logs));
    }

    private object Metrics() => new
    {
        services = telemetry.Metrics.Names().GroupBy(one => one.Name.Service).OrderBy(group => group.Key).Select(service => new
        {
            service = service.Key,
            meters = service.GroupBy(one => one.Name.Meter).OrderBy(group => group.Key).Select(meter => new
            {
                meter = meter.Key,
                instruments = meter.OrderBy(one => one.Name.Name).Select(one => new
                {
                    name = one.Name.Name,
                    kind = MetricCharts.Kind(one.Description),
                    unit = one.Description.Unit,
                    description = one.Description.Text,
                    series = one.Series,
                }),
            }),
        }),
    };

    private IResult Chart(string service, string meter, string instrument, int? minutes, string? set)
    {
        if (telemetry.Metrics.Find(new(service, meter, instrument)) is not { } metric)
            return Problem(404, "This instrument has not reported (any more).");

        var to = time.GetUtcNow().ToUnixTimeMilliseconds();
        var from = to - Math.Clamp(minutes ?? 5, 1, 60) * 60_000L;
        var resolution = (long)telemetry.Limits.Resolution.TotalMilliseconds;
        return Results.Json(MetricCharts.Draw(metric, from, to, resolution, string.IsNullOrEmpty(set) ? null : set));
    }

    private static IResult Problem(int status, string title) => Results.Json(new { status, title }, statusCode: status);

    private static bool TryParseId<T>(string? text, int digits, out T? id) where T : struct, System.Numerics.IBinaryInteger<T>
    {
        id = null;
        if (string.IsNullOrEmpty(text)) return true;
        if (text.Length != digits || !T.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var parsed))
            return false;

        id = parsed;
        return true;
    }
}
