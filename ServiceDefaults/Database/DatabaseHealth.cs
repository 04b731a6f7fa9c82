using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Billing.ServiceDefaults.Database;

/// <summary>
/// Ready means: the database answers, all migrations of this version are applied, and it is the same store.
/// </summary>
internal sealed class DatabaseHealth(
    ServiceDatabase database, IReadOnlyList<MigrationFile> expected) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken)
    {
        try
        {
            var applied = await Applied(cancellationToken);
            var missing = expected.FirstOrDefault(file => !applied.Contains(file.Name));
            if (missing is not null)
                return HealthCheckResult.Unhealthy($"The migration {missing.Name} is not applied.");

            await Installation.Read(database.Writer, cancellationToken);

            return HealthCheckResult.Healthy();
        }
        catch (CannotStartException wrong)
        {
            return HealthCheckResult.Unhealthy(wrong.Message);
        }
        catch (PostgresException refused) when (refused.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            return HealthCheckResult.Unhealthy("The database is not migrated.");
        }
        catch (NpgsqlException silent)
        {
            return HealthCheckResult.Unhealthy("The database does not answer.", silent);
        }
    }

    private async Task<IReadOnlySet<string>> Applied(CancellationToken cancellation)
    {
        await using var connection = await database.Writer.OpenConnectionAsync(cancellation);

        return (await Schema.Applied(connection, cancellation)).Keys.ToHashSet(StringComparer.Ordinal);
    }
}

/// <summary>
/// A service does not start on a store that is not its own; one that is away for a moment it waits for.
/// </summary>
internal sealed class InstallationCheck(ServiceDatabase database) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Installation.Read(database.Writer, cancellationToken);
        }
        catch (NpgsqlException)
        {
            // Not ready yet, which the health check says, and goes on saying until it is.
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
