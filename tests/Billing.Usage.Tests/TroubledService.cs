using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Billing.Usage.Tests;

/// <summary>
/// Takes events as the real service does, over real HTTP, except for the calls that a test spoils. What it keeps
/// is what really arrived.
/// </summary>
internal sealed class TroubledService : IAsyncDisposable
{
    private readonly ConcurrentQueue<Spoil> _spoils = new();
    private readonly ConcurrentDictionary<string, string> _kept = new(StringComparer.Ordinal);
    private readonly WebApplication _app;
    private int _calls;

    private TroubledService(WebApplication app) => _app = app;

    /// <summary>Instead of, or after, taking what a call brings.</summary>
    public sealed record Spoil(bool TakesFirst, Func<HttpContext, string, Task> How);

    public Uri Address => new(_app.Urls.Single());

    /// <summary>Event id → the event as it came.</summary>
    public IReadOnlyDictionary<string, string> Kept => _kept;

    public ConcurrentQueue<int> BatchSizes { get; } = new();

    public ConcurrentQueue<string?> Keys { get; } = new();

    public int Calls => Volatile.Read(ref _calls);

    /// <summary>Held calls go on when this completes.</summary>
    public TaskCompletionSource Gate { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Refuses, as a whole, a call in which this returns true of an event.</summary>
    public Func<JsonElement, int?>? Refuses { get; set; }

    public Func<JsonElement, (string Verdict, string? Reason)>? Judges { get; set; }

    public static async Task<TroubledService> Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(server => server.Listen(IPAddress.Loopback, 0, listen =>
            listen.Protocols = HttpProtocols.Http1));
        var service = new TroubledService(builder.Build());
        service._app.MapPost("/api/v1/events", (RequestDelegate)service.Take);
        await service._app.StartAsync();
        return service;
    }

    public TroubledService Then(Func<HttpContext, string, Task> how, bool takesFirst = false)
    {
        _spoils.Enqueue(new(takesFirst, how));
        return this;
    }

    public TroubledService ThenStatus(int status, string? retryAfter = null) => Then((context, _) =>
    {
        context.Response.StatusCode = status;
        if (retryAfter is not null) context.Response.Headers.RetryAfter = retryAfter;
        return Task.CompletedTask;
    });

    public TroubledService ThenAbort(bool takesFirst) => Then((context, _) =>
    {
        context.Abort();
        return Task.CompletedTask;
    }, takesFirst);

    public async ValueTask DisposeAsync()
    {
        Gate.TrySetResult();
        await _app.DisposeAsync();
    }

    private async Task Take(HttpContext context)
    {
        Interlocked.Increment(ref _calls);
        Keys.Enqueue(context.Request.Headers.Authorization);
        context.Request.ContentType.ShouldBe("application/cloudevents-batch+json");
        var body = await JsonSerializer.DeserializeAsync<JsonElement>(context.Request.Body);
        var events = body.EnumerateArray().ToList();
        BatchSizes.Enqueue(events.Count);

        _spoils.TryDequeue(out var spoil);
        if (spoil is { TakesFirst: false })
        {
            await spoil.How(context, "");
            return;
        }

        if (events.Select(one => Refuses?.Invoke(one)).FirstOrDefault(no => no is not null) is { } refused)
        {
            context.Response.StatusCode = refused;
            await context.Response.WriteAsJsonAsync(
                new { title = "No", detail = "This call has a culprit." });
            return;
        }

        var answer = JsonSerializer.Serialize(new { items = events.Select(Judge) });
        if (spoil is not null)
        {
            await spoil.How(context, answer);
            return;
        }

        context.Response.StatusCode = StatusCodes.Status202Accepted;
        await context.Response.WriteAsync(answer);
    }

    private Dictionary<string, string?> Judge(JsonElement usage)
    {
        var id = usage.GetProperty("id").GetString()!;
        var (verdict, reason) = Judges?.Invoke(usage)
            ?? (_kept.TryAdd(id, usage.GetRawText()) ? "accepted"
                : _kept[id] == usage.GetRawText() ? "duplicate" : "conflict", null);
        return new() { ["id"] = id, ["verdict"] = verdict, ["code"] = reason, ["detail"] = reason };
    }
}
