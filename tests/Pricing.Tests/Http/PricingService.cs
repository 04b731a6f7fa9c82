using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Billing.Contracts;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;
using Billing.LocalTools;
using Billing.Pricing.Catalog;
using Billing.Pricing.Catalog.Storage;
using Billing.Pricing.Rating.Taking;
using Billing.Pricing.Tests.Taking;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.UsagePath;
using Billing.ServiceDefaults.UsagePath.Waiting;
using Billing.Testbed;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using EventId = Microsoft.Extensions.Logging.EventId;

namespace Billing.Pricing.Tests.Http;

/// <summary>
/// Pricing's HTTP surface on a real port and a real database; nothing is read or published.
/// </summary>
internal sealed class PricingService : IAsyncDisposable, IRelay
{
    public static readonly DateTimeOffset Begin = new(2026, 3, 14, 12, 0, 0, TimeSpan.Zero);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("billing-pricing-");
    private readonly Errors _errors = new();
    private DevelopmentKey _key = null!;
    private WebApplication _app = null!;
    private int _keys, _uses;

    public TestDatabase Database { get; private set; } = null!;

    public HttpClient Client { get; private set; } = null!;

    public IServiceProvider Services => _app.Services;

    /// <summary>Tokens are judged by the same clock.</summary>
    public VirtualTime Time { get; } = new(Begin);

    public static async Task<PricingService> Start()
    {
        var service = new PricingService();
        service.Database = await TestDatabase.Create("pricing", typeof(ChangeCatalog).Assembly);
        service._key = DevelopmentIssuer.LoadOrCreate(service._folder.FullName);
        await service.Run();
        return service;
    }

    public void HandOver(IReadOnlyList<NumberedFact> facts)
    {
        // Nobody publishes here; the store has them.
    }

    public string Token(string role, string? tenant = null) =>
        _key.Token(role, tenant, Time.GetUtcNow(), TimeSpan.FromDays(1));

    /// <summary>As ops, under a key of its own.</summary>
    public Task<Answer> Post(string path, object body, string role = "ops", string? key = null) =>
        Send(HttpMethod.Post, path, Token(role), JsonContent.Create(body), key);

    public Task<Answer> Upload(string path, string text, string type = "application/json") =>
        Send(HttpMethod.Post, path, Token("ops"), new StringContent(text, Encoding.UTF8, type));

    public Task<Answer> Delete(string path, string role = "ops") =>
        Send(HttpMethod.Delete, path, Token(role), null);

    public Task<Answer> Get(string path, string role = "finance", string? tenant = null) =>
        Send(HttpMethod.Get, path, Token(role, tenant), null);

    public async Task<Answer> Send(
        HttpMethod method, string path, string? token, HttpContent? content, string? key = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (method != HttpMethod.Get)
            request.Headers.Add("Idempotency-Key",
                key ?? Interlocked.Increment(ref _keys).ToString("key-0", CultureInfo.InvariantCulture));
        using var answer = await Client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        ((int)answer.StatusCode).ShouldBeLessThan(500, _errors.Last);
        return new(
            (int)answer.StatusCode, text,
            answer.Headers.Concat(answer.Content.Headers)
                .ToDictionary(header => header.Key, header => string.Join(", ", header.Value)));
    }

    /// <summary>The texts of one member of each item of a list.</summary>
    public async Task<string> Names(
        string path, string member, string role = "finance", string? tenant = null)
    {
        var answer = (await Get(path, role, tenant)).Ok();
        var items = answer.ValueKind == JsonValueKind.Array ? answer : answer.GetProperty("items");
        return string.Join(' ', items.EnumerateArray().Select(item => item.GetProperty(member).ToString()));
    }

    /// <summary>A new tenant with a subscription of its own.</summary>
    public async Task Subscribe(string tenant, string country, string plan)
    {
        (await Post("/api/v1/tenants", new { tenant, name = tenant, country, reason = "new" })).Ok();
        (await Post("/api/v1/subscriptions", new
        {
            subscription = $"{tenant}-1",
            tenant,
            plan,
            reason = "signed",
        })).Ok();
    }

    /// <summary>As the usage path would, one use now.</summary>
    public async Task Take(
        string tenant, string meter, decimal quantity, UsageScope scope = UsageScope.Whole)
    {
        var at = Time.GetUtcNow();
        var use = new UsageAcceptedV1(
            TenantId.Of(tenant), new("//test", (++_uses).ToString(CultureInfo.InvariantCulture)), 0, "x", at,
            at, scope, Properties.None, [new(MeterId.Of(meter), Quantity.From(quantity))], 1);
        var fact = new Fact(
            Topics.Usage, Lanes.Of(use.Tenant), _uses, UsageIds.Accepted(use.Event, 0),
            WireNames.Of(typeof(UsageAcceptedV1)), tenant, ContractsJson.Write(use), null);
        await using var transaction = await Services.GetRequiredService<BatchTransactions>().Begin(default);
        var desk = new RatingDesk(new CatalogHistory(new StoredCatalog()), TimeZones.Find);
        await new TakeUsage(desk).Apply(new FactBatch([fact], transaction, at), default);
        await transaction.Commit(default);
    }

    /// <summary>What is due by the clock, and what was left for the owners of lanes.</summary>
    public async Task TakeDue()
    {
        var database = Services.GetRequiredService<ServiceDatabase>();
        await using (var due = database.Writer.CreateCommand("select leave_windows_due($1)"))
        {
            due.Parameters.Add(new() { Value = Time.GetUtcNow() });
            await due.ExecuteScalarAsync();
        }

        var desk = new RatingDesk(new CatalogHistory(new StoredCatalog()), TimeZones.Find);
        await LaneWork.TakeInbox(Services.GetRequiredService<BatchTransactions>(), desk, Time.GetUtcNow(), 500);
    }

    public Task Sweep() => LaneWork.Sweep(
        Services.GetRequiredService<BatchTransactions>(), new CatalogHistory(new StoredCatalog()),
        Time.GetUtcNow());

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
        await Database.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private async Task Run()
    {
        var builder = WebApplication.CreateBuilder(
            new WebApplicationOptions { EnvironmentName = "Production" });
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders().AddProvider(_errors);
        builder.Configuration.AddConfiguration(Database.Configuration);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            [Authentication.IssuerKey] = DevelopmentIssuer.Issuer,
            [Authentication.AudienceKey] = DevelopmentIssuer.Audience,
            [Authentication.KeysKey] = _key.Jwks,
            ["RateLimits:Interactive:Permits"] = "100000",
        });
        builder.Services.AddSingleton<TimeProvider>(Time);
        builder.AddHttpDefaults(Resources.Pricing, typeof(ChangeCatalog).Assembly);
        builder.AddDatabase(Resources.Pricing, typeof(ChangeCatalog).Assembly);
        builder.Services.AddSingleton<IRelay>(this).AddSingleton<SendFacts>()
            .AddSingleton<BatchTransactions>().AddSingleton<Inbox>();
        ManageCatalog.Add(builder);

        _app = builder.Build();
        _app.UseServiceDefaults();
        ManageCatalog.Map(_app);
        PricingPath.Map(_app);
        await _app.StartAsync();
        Client = new() { BaseAddress = new Uri(_app.Urls.First()), Timeout = TimeSpan.FromMinutes(2) };
    }

    /// <summary>So that a test which fails with a 500 says why.</summary>
    private sealed class Errors : ILoggerProvider, ILogger
    {
        public string Last { get; private set; } = "";

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) Last = $"{formatter(state, exception)} {exception}";
        }

        public void Dispose()
        {
            // It holds nothing.
        }
    }
}

internal sealed record Answer(int Status, string Body, IReadOnlyDictionary<string, string> Headers)
{
    public JsonElement Json => JsonSerializer.Deserialize<JsonElement>(Body);

    public JsonElement Ok()
    {
        Status.ShouldBe(200, Body);
        return Json;
    }

    /// <summary>The last part of the problem's type, and the types of the reasons.</summary>
    public string Problem() => string.Join(' ',
        [
            Json.GetProperty("type").GetString()!.Split(':')[^1],
            .. Json.TryGetProperty("errors", out var errors)
                ? errors.EnumerateArray().Select(error =>
                    error.TryGetProperty("type", out var type)
                        ? $"{type}:{error.GetProperty("field")}"
                        : $"{error.GetProperty("line")}:{error.GetProperty("field")}")
                : [],
        ]);
}
