using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Billing.Contracts;
using Billing.Ledger.Storage;
using Billing.LocalTools;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.UsagePath;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Billing.Ledger.Tests;

/// <summary>
/// What people ask of the Ledger, on a real port and a real database; facts are taken by hand, and nothing is
/// published.
/// </summary>
internal sealed class LedgerService : IAsyncDisposable, IRelay
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("billing-ledger-");
    private readonly Errors _errors = new();
    private DevelopmentKey _key = null!;
    private WebApplication _app = null!;

    public LedgerDatabase Ledger { get; private set; } = null!;

    public HttpClient Client { get; private set; } = null!;

    /// <summary>With sub-1 of tenant-1.</summary>
    public static async Task<LedgerService> Start()
    {
        var service = new LedgerService();
        service.Ledger = await LedgerDatabase.WithSubscription();
        service._key = DevelopmentIssuer.LoadOrCreate(service._folder.FullName);
        await service.Run();
        return service;
    }

    public void HandOver(IReadOnlyList<NumberedFact> facts)
    {
        // Nobody publishes here; the store has them.
    }

    /// <param name="key">Null: without an Idempotency-Key.</param>
    public async Task<(int Status, JsonElement Json)> Post(
        string path, object body, string? key, string role = "ops")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
        if (key is not null) request.Headers.Add("Idempotency-Key", key);
        return await Send(request, role);
    }

    public Task<(int Status, JsonElement Json)> Get(string path, string role = "finance") =>
        Send(new(HttpMethod.Get, path), role);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        await Ledger.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private async Task<(int Status, JsonElement Json)> Send(HttpRequestMessage request, string role)
    {
        request.Headers.Authorization = new AuthenticationHeaderValue(
            "Bearer", _key.Token(role, role == "tenant" ? "tenant-1" : null, DateTimeOffset.UtcNow, TimeSpan.FromHours(1)));
        using var answer = await Client.SendAsync(request);
        ((int)answer.StatusCode).ShouldBeLessThan(500, _errors.Last);
        return ((int)answer.StatusCode, await answer.Content.ReadFromJsonAsync<JsonElement>());
    }

    private async Task Run()
    {
        var builder = WebApplication.CreateBuilder(
            new WebApplicationOptions { EnvironmentName = "Production" });
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders().AddProvider(_errors);
        builder.Configuration.AddConfiguration(Ledger.Test.Configuration);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            [Authentication.IssuerKey] = DevelopmentIssuer.Issuer,
            [Authentication.AudienceKey] = DevelopmentIssuer.Audience,
            [Authentication.KeysKey] = _key.Jwks,
            ["RateLimits:Interactive:Permits"] = "100000",
        });
        builder.AddHttpDefaults(Resources.Ledger, typeof(LedgerStore).Assembly);
        builder.AddDatabase(Resources.Ledger, typeof(LedgerStore).Assembly);
        LedgerStore.Add(builder);
        LedgerRequests.Add(builder);
        builder.Services.AddSingleton<IRelay>(this).AddSingleton<SendFacts>().AddSingleton<BatchTransactions>()
            .AddSingleton<LedgerTransactions>();

        _app = builder.Build();
        _app.UseServiceDefaults();
        LedgerRequests.Map(_app);
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
