using System.Collections.Concurrent;
using System.Net.Http.Headers;
using Billing.Contracts;
using Billing.Ledger.Queries;
using Billing.LocalTools;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Billing.Ledger.Tests.Queries;

/// <summary>What of the Ledger people ask, on a real port and a real database; nothing is posted.</summary>
internal sealed class QuestionService : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("billing-questions-");
    private readonly SaidErrors _errors = new();
    private readonly DevelopmentKey _key;
    private readonly WebApplication _app;

    private QuestionService(LedgerDatabase ledger)
    {
        _key = DevelopmentIssuer.LoadOrCreate(_folder.FullName);
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Production" });
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders().AddProvider(_errors);
        builder.Configuration.AddConfiguration(ledger.Test.Configuration);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            [Authentication.IssuerKey] = DevelopmentIssuer.Issuer,
            [Authentication.AudienceKey] = DevelopmentIssuer.Audience,
            [Authentication.KeysKey] = _key.Jwks,
            ["RateLimits:Interactive:Permits"] = "100000",
            ["RateLimits:Anonymous:Permits"] = "100000",
        });
        builder.AddHttpDefaults(Resources.Ledger, typeof(LedgerQuestions).Assembly);
        builder.AddDatabase(Resources.Ledger, typeof(LedgerQuestions).Assembly);
        _app = builder.Build();
        _app.UseServiceDefaults();
        LedgerQuestions.Map(_app);
    }

    public HttpClient Client { get; private set; } = null!;

    public string Errors => string.Join('\n', _errors.All);

    public static async Task<QuestionService> Start(LedgerDatabase ledger)
    {
        var service = new QuestionService(ledger);
        await service._app.StartAsync();
        service.Client = new() { BaseAddress = new Uri(service._app.Urls.First()) };
        return service;
    }

    public async Task<HttpResponseMessage> Get(string path, string role, string? tenant = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = new AuthenticationHeaderValue(
            "Bearer", _key.Token(role, tenant, TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(30)));
        return await Client.SendAsync(request);
    }

    public async ValueTask DisposeAsync()
    {
        Client?.Dispose();
        await _app.DisposeAsync();
        _errors.Dispose();
        _folder.Delete(recursive: true);
    }

    private sealed class SaidErrors : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> All { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) All.Enqueue($"{formatter(state, exception)} {exception}");
        }

        public void Dispose()
        {
            // Nothing is held.
        }
    }
}
