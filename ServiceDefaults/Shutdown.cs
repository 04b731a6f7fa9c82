using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Billing.ServiceDefaults;

/// <summary>
/// Stops in order: not ready any more, a moment for whoever sends requests to notice (<c>Shutdown:Drain</c>),
/// then no new requests, then the end of those at work, all within <c>Shutdown:Timeout</c>.
/// </summary>
public sealed class Shutdown(IConfiguration configuration, TimeProvider time)
    : IHostedLifecycleService, IHealthCheck
{
    private static readonly TimeSpan DefaultDrain = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(15);

    private readonly TimeSpan _drain = configuration.Optional("Shutdown:Drain", DefaultDrain);
    private volatile bool _isStopping;

    public static void Limit(IServiceCollection services, IConfiguration configuration) =>
        services.Configure<HostOptions>(host =>
            host.ShutdownTimeout = configuration.Optional("Shutdown:Timeout", DefaultTimeout));

    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken) =>
        Task.FromResult(_isStopping
            ? HealthCheckResult.Unhealthy("The service is stopping.")
            : HealthCheckResult.Healthy());

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        _isStopping = true;
        await Task.Delay(_drain, time, cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
