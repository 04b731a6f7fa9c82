using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Billing.Contracts;
using Billing.Ingestion.Catalog;
using Billing.Ingestion.Import;
using Billing.Ingestion.Questions;
using Billing.Ingestion.Usage;
using Billing.Ingestion.Usage.Reading;
using Billing.LocalTools;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.ApiKeys;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.UsagePath;
using Billing.Testbed;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Billing.Ingestion.Tests;

/// <summary>
/// What of Ingestion people ask and upload to, on a real port and a real database; nothing is published.
/// </summary>
internal sealed class EdgeService : IAsyncDisposable, IRelay
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("billing-edges-");
    private readonly Errors _errors = new();
    private DevelopmentKey _key = null!;
    private WebApplication _app = null!;

    public TestDatabase Database { get; private set; } = null!;

    public HttpClient Client { get; private set; } = null!;

    public IServiceProvider Services => _app.Services;

    public static async Task<EdgeService> Start()
    {
        var service = new EdgeService();
        service.Database = await TestDatabase.Create("ingestion", typeof(AcceptUsage).Assembly);
        service._key = DevelopmentIssuer.LoadOrCreate(service._folder.FullName);
        await service.Run();
        return service;
    }

    public void HandOver(IReadOnlyList<NumberedFact> facts)
    {
        // Nobody publishes here; the store has them.
    }

    /// <summary>
    /// Tenants acme and beta; meters of api.request (counts) and storage (adds up "bytes").
    /// </summary>
    public async Task KnowSome()
    {
        await Database.Do(Database.Writer,
            """
            update catalog_state set number = number + 4, version = version + 1;
            insert into catalog_tenants (tenant_id, number, version)
            select t, 1, (select version from catalog_state) from unnest(array['acme', 'beta']) as t;
            insert into catalog_meters
                (meter_id, event_type, unit, aggregation, property, filter, number, version)
            select meter, type, unit, aggregation, property, '{}', 2, (select version from catalog_state)
            from (values ('requests', 'api.request', 'request', 'count', null),
                         ('storage', 'storage', 'byte', 'sum', 'bytes'))
                as m (meter, type, unit, aggregation, property);
            """);
        await Services.GetRequiredService<KnownCatalog>().Refresh(default);
    }

    /// <summary>As they would come over HTTP; each a CloudEvent.</summary>
    public async Task<IReadOnlyList<Verdict>> Take(params string[] events)
    {
        await using var transaction = await Services.GetRequiredService<BatchTransactions>().Begin(default);
        var verdicts = await Services.GetRequiredService<AcceptUsage>().Apply(
            [.. events.Select(one => Arrived(Encoding.UTF8.GetBytes(one)))], transaction,
            DateTimeOffset.UtcNow, default);
        await transaction.Commit(default);
        return verdicts;
    }

    public string Token(string role, string? tenant = null) =>
        _key.Token(role, tenant, DateTimeOffset.UtcNow, TimeSpan.FromHours(1));

    public async Task<string> Key(params string[] sources)
    {
        using var answer = await Send(
            HttpMethod.Post, ManageApiKeys.Route, Token("admin"),
            JsonContent.Create(new { name = "a key", subject = "shop", sources }));
        return (await Json(answer)).GetProperty("key").GetString()!;
    }

    /// <param name="caller">A token, or an API key.</param>
    public async Task<HttpResponseMessage> Send(
        HttpMethod method, string path, string? caller, HttpContent? content = null)
    {
        // As it stands: nobody decodes or normalizes what is tested.
        var uri = new Uri(Client.BaseAddress!.AbsoluteUri.TrimEnd('/') + path, new UriCreationOptions
        {
            DangerousDisablePathAndQueryCanonicalization = true,
        });
        using var request = new HttpRequestMessage(method, uri) { Content = content };
        if (caller is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue(
                caller.StartsWith("bk_", StringComparison.Ordinal) ? "ApiKey" : "Bearer", caller);
        return await Client.SendAsync(request);
    }

    public async Task<(int Status, JsonElement Json)> Ask(string path, string? caller)
    {
        using var answer = await Send(HttpMethod.Get, path, caller);
        return ((int)answer.StatusCode, await Json(answer));
    }

    public async Task<(int Status, JsonElement Json)> Upload(string csv, string? caller, string query = "") =>
        await Upload(new StringContent(csv, Encoding.UTF8, "text/csv"), caller, query);

    public async Task<(int Status, JsonElement Json)> Upload(
        HttpContent csv, string? caller, string query = "")
    {
        using var answer = await Send(HttpMethod.Post, ImportUsage.Route + query, caller, csv);
        return ((int)answer.StatusCode, await Json(answer));
    }

    public async Task<JsonElement> Json(HttpResponseMessage answer)
    {
        ((int)answer.StatusCode).ShouldBeLessThan(500, _errors.Last);
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
        await Database.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private static Arrival Arrived(byte[] json)
    {
        var reading = ReadCloudEvent.One(json);
        return new()
        {
            Original = json,
            Via = UsageVia.Http,
            Event = reading.Event,
            Refusal = reading.Refusal,
            Source = reading.Source,
            Id = reading.Id,
            SentBy = "key-1",
        };
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
        builder.AddHttpDefaults(Resources.Ingestion, typeof(AcceptUsage).Assembly);
        builder.AddDatabase(Resources.Ingestion, typeof(AcceptUsage).Assembly);
        ApiKeyAuthentication.Add(builder);
        ImportUsage.Add(builder);
        builder.Services.AddSingleton<IRelay>(this).AddSingleton<SendFacts>().AddSingleton<BatchTransactions>()
            .AddSingleton<UsageSources>().AddSingleton(BelievedTimes.Default).AddSingleton<AcceptUsage>()
            .AddSingleton<OpenBatch>(all => all.GetRequiredService<BatchTransactions>().Begin)
            .AddSingleton<CommitTogether>().AddHostedService(all => all.GetRequiredService<CommitTogether>())
            .AddSingleton<KnownCatalog>().AddHostedService(all => all.GetRequiredService<KnownCatalog>());

        _app = builder.Build();
        _app.UseServiceDefaults();
        ManageApiKeys.Map(_app);
        ImportUsage.Map(_app);
        PostEvents.Map(_app);
        AllQuestions.Map(_app);
        await _app.StartAsync();
        Client = new() { BaseAddress = new Uri(_app.Urls.First()), Timeout = TimeSpan.FromMinutes(2) };
    }
}
