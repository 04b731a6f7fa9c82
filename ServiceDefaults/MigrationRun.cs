using System.Reflection;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.Kafka;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Billing.ServiceDefaults;

/// <summary>
/// The run before the service: database, roles and tables, then the topics that the service owns.
/// </summary>
public static class MigrationRun
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    /// <exception cref="CannotStartException">Something outside is not as it has to be; one sentence says
    /// what.</exception>
    public static async Task Run(WebApplicationBuilder builder, string service, Assembly assembly)
    {
        using var cancellation = new CancellationTokenSource(Longest);
        await using var provider = builder.Services.BuildServiceProvider();
        var logger = provider.GetRequiredService<ILoggerFactory>().CreateLogger("Billing.Migrations");
        try
        {
            await Migrations.Run(builder.Configuration, service, assembly, logger, cancellation.Token);
            await KafkaTopics.Ensure(builder.Configuration, service, logger, cancellation.Token);
        }
        catch (OperationCanceledException exception)
        {
            throw new CannotStartException(
                $"The migration took longer than {Longest.TotalMinutes} minutes.", exception);
        }
        catch (Exception exception) when (exception is not CannotStartException)
        {
            logger.LogDebug(exception, "The migration failed");
            throw new CannotStartException($"The migration failed: {exception.Message}", exception);
        }
    }
}
