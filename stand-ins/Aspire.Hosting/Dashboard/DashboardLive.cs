using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Aspire.Hosting.Dashboard;

/// <summary>One stream of server-sent events per open page: resources, what is new in the telemetry, and the
/// console lines of the resource that the page looks at.</summary>
internal sealed class DashboardLive(
    string application,
    IResourceSource resources,
    TelemetryStore telemetry,
    DashboardViews views,
    TimeProvider time,
    CancellationToken stopping)
{
    private const int LinesAtOnce = 1_000;
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Keepalive = TimeSpan.FromSeconds(10);
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly string _run = Guid.NewGuid().ToString("N");

    public async Task Stream(HttpContext http, string? console, long? after)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping);
        http.Response.ContentType = "text/event-stream";
        try
        {
            // A browser that reconnects says which line it saw last.
            var seen = long.TryParse(http.Request.Headers["Last-Event-ID"], CultureInfo.InvariantCulture, out var last)
                ? last
                : after ?? 0;
            await Send(http, "hello", new { run = _run, application, now = time.GetUtcNow() }, null, ended.Token);
            await Follow(http, console, seen, ended.Token);
        }
        catch (OperationCanceledException)
        {
            // The page was closed, or the application stops.
        }
    }

    private async Task Follow(HttpContext http, string? console, long seen, CancellationToken cancellation)
    {
        var (seenResources, seenErrors, seenTelemetry) = (-1L, -1, (-1L, -1L, -1L));
        var quietSince = time.GetTimestamp();
        while (true)
        {
            var isQuiet = true;
            var version = resources.Version;
            var errors = telemetry.Logs.Errors().Sum(one => one.Value.Errors);
            if (version != seenResources || errors != seenErrors)
            {
                (seenResources, seenErrors, isQuiet) = (version, errors, false);
                await Send(http, "resources", views.Resources(), null, cancellation);
            }

            var changes = (telemetry.Logs.Changes, telemetry.Traces.Changes, telemetry.Metrics.Changes);
            if (changes != seenTelemetry)
            {
                (seenTelemetry, isQuiet) = (changes, false);
                await Send(http, "counts", views.Counts(), null, cancellation);
            }

            while (console is not null && resources.ConsoleLines(console, seen, LinesAtOnce) is { Count: > 0 } lines)
            {
                (seen, isQuiet) = (lines[^1].Number, false);
                await Send(http, "console", new { resource = console, lines }, seen, cancellation);
            }

            if (!isQuiet)
            {
                quietSince = time.GetTimestamp();
            }
            else if (time.GetElapsedTime(quietSince) > Keepalive)
            {
                quietSince = time.GetTimestamp();
                await http.Response.WriteAsync(": still here\n\n", cancellation);
            }

            await http.Response.Body.FlushAsync(cancellation);
            await Task.Delay(Beat, time, cancellation);
        }
    }

    private static async Task Send(HttpContext http, string name, object data, long? id, CancellationToken cancellation)
    {
        var number = id is null ? "" : $"id: {id}\n";
        await http.Response.WriteAsync(
            $"{number}event: {name}\ndata: {JsonSerializer.Serialize(data, Json)}\n\n", cancellation);
    }
}
