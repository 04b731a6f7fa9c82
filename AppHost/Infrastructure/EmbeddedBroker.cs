using Aspire.Hosting.ApplicationModel;
using Billing.Contracts;
using Billing.LocalTools;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Billing.AppHost.Infrastructure;

/// <summary>Billing.Broker: another address at every start, which the services have to hear of.</summary>
internal static partial class EmbeddedBroker
{
    /// <summary>What runs it: the .NET that runs this.</summary>
    public static string Dotnet => Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    /// <exception cref="PreparationFailed">It is not built.</exception>
    public static string Program =>
        Built.Program("eng/Billing.Broker", "Billing.Broker") is var program && File.Exists(program)
            ? program
            : throw new PreparationFailed(
                $"The embedded broker is not built ({program} is missing): run `dotnet build Billing.sln`.");

    /// <summary>Restarts the services whenever the broker has come back elsewhere.</summary>
    public static void FollowItsAddress(IDistributedApplicationBuilder builder, AddressFile file) =>
        builder.Services.AddHostedService(services => new Follower(
            file,
            services.GetRequiredService<ResourceNotificationService>(),
            services.GetRequiredService<ResourceCommandService>(),
            services.GetRequiredService<ILogger<Follower>>()));

    private sealed partial class Follower(
        AddressFile file, ResourceNotificationService notifications, ResourceCommandService commands,
        ILogger<Follower> logger) : BackgroundService
    {
        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            string? known = null;
            // The broker's check turns healthy once it answers on the address that the file then holds.
            await foreach (var change in notifications.WatchAsync(stoppingToken))
            {
                if (change.Resource.Name != Resources.Kafka || change.Snapshot.HealthStatus
                    is not Microsoft.Extensions.Diagnostics.HealthChecks.HealthStatus.Healthy) continue;
                if (file.Read() is not { } address || address == known) continue;

                if (known is not null) await RestartServices(address, stoppingToken);
                known = address;
            }
        }

        private async Task RestartServices(string address, CancellationToken cancellation)
        {
            BrokerIsBack(logger, address);
            await Task.WhenAll(Resources.Services.Select(service => Restart(service, cancellation)));
        }

        private async Task Restart(string service, CancellationToken cancellation)
        {
            // One that has not started yet will ask for the address when it does.
            if (notifications.TryGetCurrentState(service, out var current)
                && current.Snapshot.State?.Text == KnownResourceStates.Running)
                await commands.ExecuteCommandAsync(
                    current.Resource, KnownResourceCommands.RestartCommand, cancellation);
        }

        [LoggerMessage(
            Level = LogLevel.Warning,
            Message = "The embedded Kafka broker is back at {Address} and empty: the services restart to "
                + "find it. Usage that nobody had read is lost")]
        private static partial void BrokerIsBack(ILogger logger, string address);
    }
}
