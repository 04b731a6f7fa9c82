using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Dashboard;

/// <summary>The dashboard: telemetry in, one live page out. Cleartext, loopback only, in this process.</summary>
internal sealed class DashboardHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private DashboardHost(WebApplication app, DashboardAddresses addresses)
    {
        _app = app;
        Addresses = addresses;
    }

    public DashboardAddresses Addresses { get; }

    /// <exception cref="ArgumentException">An address is not cleartext HTTP on loopback.</exception>
    /// <exception cref="IOException">A port is taken; the inner exception is AddressInUseException.</exception>
    public static Task<DashboardHost> Start(
        DashboardOptions options,
        IResourceSource resources,
        TimeProvider time,
        ILoggerFactory logs,
        CancellationToken ct) => Start(options, resources, time, logs, new TelemetryLimits(), ct);

    internal static async Task<DashboardHost> Start(
        DashboardOptions options,
        IResourceSource resources,
        TimeProvider time,
        ILoggerFactory logs,
        TelemetryLimits limits,
        CancellationToken ct)
    {
        var token = options.BrowserToken ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        Listener[] listeners =
        [
            new(Door.Page, options.Frontend), new(Door.Grpc, options.OtlpGrpc), new(Door.Protobuf, options.OtlpHttp),
        ];
        var app = Build(listeners, limits, time, logs);
        try
        {
            var telemetry = new TelemetryStore(limits, time);
            var addresses = new TaskCompletionSource<DashboardAddresses>(TaskCreationOptions.RunContinuationsAsynchronously);
            Route(app, token, options, telemetry, time, logs);
            new DashboardApi(
                options.ApplicationName, resources, telemetry, time, addresses.Task, app.Lifetime.ApplicationStopping).Map(app);
            await app.StartAsync(ct);

            var page = listeners[0].Address;
            var login = new Uri(page, "/login?t=" + Uri.EscapeDataString(token));
            addresses.SetResult(new(page, login, listeners[1].Address, listeners[2].Address));
            return new(app, await addresses.Task);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static void Route(
        WebApplication app, string token, DashboardOptions options, TelemetryStore telemetry, TimeProvider time,
        ILoggerFactory logs)
    {
        var access = new DashboardAccess(token, options.AllowAnonymous);
        var receiver = new OtlpReceiver(
            telemetry, options.OtlpApiKey, time, logs.CreateLogger("Aspire.Hosting.Dashboard.Otlp"));
        app.Use(next => http => http.Features.Get<Door>() switch
        {
            var door when door == Door.Grpc => receiver.Grpc(http),
            var door when door == Door.Protobuf => receiver.Protobuf(http),
            _ => access.Guard(http, next),
        });
        app.UseRouting();
        app.MapGet("/", DashboardPage.Main);
        app.MapGet("/favicon.ico", http => DashboardPage.Send(http, "icon.svg"));
        app.MapGet("/assets/{name}", (HttpContext http, string name) => DashboardPage.Send(http, name));
    }

    private static WebApplication Build(
        Listener[] listeners, TelemetryLimits limits, TimeProvider time, ILoggerFactory logs)
    {
        // Empty: nothing of the application's own configuration, addresses or signal handling may reach in here.
        var builder = WebApplication.CreateEmptyBuilder(new() { ContentRootPath = AppContext.BaseDirectory });
        builder.Services.AddSingleton<IHostLifetime, HostedByAnother>();
        builder.Services.AddSingleton<ILoggerFactory>(new WarningsOnly(logs));
        builder.Services.AddSingleton(time);
        builder.Services.AddRouting();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(2));
        builder.Services.ConfigureHttpJsonOptions(json =>
            json.SerializerOptions.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = limits.RequestBytes;
            foreach (var listener in listeners) listener.AddTo(kestrel);
        });
        return builder.Build();
    }

    /// <summary>Which of the three addresses a connection came in by.</summary>
    private sealed class Door
    {
        public static readonly Door Page = new(), Grpc = new(), Protobuf = new();
    }

    private sealed class Listener(Door door, Uri wanted)
    {
        private ListenOptions? _options;

        public Uri Address => wanted.Port != 0 ? wanted : new($"http://{_options!.IPEndPoint}");

        public void AddTo(KestrelServerOptions kestrel)
        {
            if (wanted.Scheme != Uri.UriSchemeHttp || !wanted.IsLoopback)
                throw new ArgumentException($"The dashboard listens on http://localhost addresses only, not on {wanted}.");

            // "localhost" is two addresses, which can share a given port but not a free one.
            if (wanted.Host == "localhost" && wanted.Port != 0) kestrel.ListenLocalhost(wanted.Port, Configure);
            else kestrel.Listen(IPAddress.TryParse(wanted.Host.Trim('[', ']'), out var ip) ? ip : IPAddress.Loopback, wanted.Port, Configure);
        }

        private void Configure(ListenOptions options)
        {
            _options = options;
            options.Protocols = door == Door.Grpc ? HttpProtocols.Http2 : HttpProtocols.Http1;
            options.Use(next => connection =>
            {
                connection.Features.Set(door);
                return next(connection);
            });
        }
    }

    private sealed class HostedByAnother : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    /// <summary>A line per request would drown what the AppHost has to say.</summary>
    private sealed class WarningsOnly(ILoggerFactory inner) : ILoggerFactory
    {
        public void AddProvider(ILoggerProvider provider) => inner.AddProvider(provider);

        public ILogger CreateLogger(string categoryName) => new Filter(inner.CreateLogger(categoryName));

        public void Dispose()
        {
        }

        private sealed class Filter(ILogger inner) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state) where TState : notnull => inner.BeginScope(state);

            public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning && inner.IsEnabled(logLevel);

            public void Log<TState>(
                LogLevel logLevel, EventId eventId, TState state, Exception? exception,
                Func<TState, Exception?, string> formatter)
            {
                if (IsEnabled(logLevel)) inner.Log(logLevel, eventId, state, exception, formatter);
            }
        }
    }
}
