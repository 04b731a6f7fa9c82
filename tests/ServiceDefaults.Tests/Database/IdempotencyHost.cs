using System.Security.Claims;
using System.Text;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.Database.Idempotency;
using Billing.Testbed;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Billing.ServiceDefaults.Tests.Database;

/// <summary>A service with endpoints that count how often they were carried out.</summary>
internal sealed class IdempotencyHost : IAsyncDisposable
{
    public static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly WebApplication _app;
    private int _carriedOut;

    private IdempotencyHost(TestDatabase database, WebApplication app) => (Database, _app) = (database, app);

    public TestDatabase Database { get; }
    public VirtualTime Time { get; } = new(Noon);
    public int CarriedOut => _carriedOut;
    public IdempotencyKeys Keys => _app.Services.GetRequiredService<IdempotencyKeys>();

    /// <summary>What POST /fail does; a test may change it.</summary>
    public Func<HttpContext, Task<IResult>> Fail { get; set; } = _ => throw new InvalidOperationException();

    /// <summary>POST /slow has begun, and waits for <see cref="GoOn"/>.</summary>
    public SemaphoreSlim Begun { get; } = new(0);

    public SemaphoreSlim GoOn { get; } = new(0);

    /// <summary>On a database that other hosts have used before, and whose keys are forgotten.</summary>
    public static async Task<IdempotencyHost> Start(TestDatabase database)
    {
        await database.Do(database.Writer, "delete from idempotency_keys");
        IdempotencyHost host = null!;
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        builder.Configuration.AddConfiguration(database.Configuration);
        builder.Services.AddSingleton<TimeProvider>(_ => host.Time);
        builder.Services.AddTime().AddProblems();
        builder.AddDatabase(database.Service, typeof(IdempotencyHost).Assembly);
        var app = builder.Build();
        host = new(database, app);
        host.Map(app);
        await app.StartAsync();

        return host;
    }

    public Task<HttpResponseMessage> Post(
        string path, string? key, string body = "{}", string subject = "ann", string? tenant = null,
        CancellationToken cancellation = default)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        if (key is not null) request.Headers.TryAddWithoutValidation(IdempotencyKey.Header, key);
        request.Headers.Add("X-Subject", subject);
        if (tenant is not null) request.Headers.Add("X-Tenant", tenant);

        return _app.GetTestClient().SendAsync(request, cancellation);
    }

    public Task<HttpResponseMessage> Get(string path) => _app.GetTestClient().GetAsync(path);

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        Begun.Dispose();
        GoOn.Dispose();
    }

    private void Map(WebApplication app)
    {
        app.UseProblems();
        app.UseRouting();
        app.Use((context, next) =>
        {
            string? tenant = context.Request.Headers["X-Tenant"];
            Claim[] claims =
            [
                new(Caller.SubjectClaim, context.Request.Headers["X-Subject"].ToString()),
                new(Caller.RoleClaim, tenant is null ? Roles.Ops : Roles.Tenant),
                .. tenant is null ? (Claim[])[] : [new(Caller.TenantClaim, tenant)],
            ];
            context.User = new(new ClaimsIdentity(claims, "test"));

            return next(context);
        });
        app.MapPost("/count", (Amount amount) =>
        {
            var count = Count();
            return Results.Created($"/things/{count}", new { amount.Value, Count = count });
        }).WithIdempotencyKey();
        app.MapPost("/things/{id}/close", (string id) => Results.Json(new { id, Count = Count() }))
            .WithIdempotencyKey();
        app.MapPost("/careful", () => Results.Json(Count())).WithIdempotencyKey(shortestKey: 16);
        app.MapPost("/optional", () => Results.Json(Count())).WithIdempotencyKey(required: false);
        app.MapPost("/nothing", () => { Count(); return Results.NoContent(); }).WithIdempotencyKey();
        app.MapPost("/refuse", () =>
        {
            Count();
            return Problems.Refuse(ProblemTypes.Unprocessable, "No.");
        }).WithIdempotencyKey();
        app.MapPost("/large", () => { Count(); return Results.Text(new string('x', KeptBody.Largest + 1)); })
            .WithIdempotencyKey();
        app.MapPost("/fail", async (HttpContext context) =>
        {
            Count();
            return await Fail(context);
        }).WithIdempotencyKey();
        app.MapPost("/slow", async () =>
        {
            var count = Count();
            Begun.Release();
            await GoOn.WaitAsync();
            return Results.Json(count);
        }).WithIdempotencyKey();
    }

    private int Count() => Interlocked.Increment(ref _carriedOut);

    internal sealed record Amount(int Value);
}
