using Billing.ServiceDefaults.Database;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace Billing.Ledger.Projections;

/// <summary>
/// Degraded, and not unhealthy, while a read model stands: charges are posted all the same, and what runs can
/// be asked.
/// </summary>
internal sealed class ModelHealth(ServiceDatabase database) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken)
    {
        try
        {
            var stopped = await Stopped(database, cancellationToken);
            return stopped.Count == 0
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Degraded($"Stopped: {string.Join(", ", stopped)}.");
        }
        catch (NpgsqlException silent)
        {
            // The check of the database says the rest.
            return HealthCheckResult.Degraded("The database does not answer.", silent);
        }
    }

    /// <summary>Their names.</summary>
    public static async Task<IReadOnlyList<string>> Stopped(
        ServiceDatabase database, CancellationToken cancellation)
    {
        await using var connection = await database.Staff.OpenConnectionAsync(cancellation);
        var rows = await ModelRow.Look(connection, cancellation);
        return [.. rows.Values.Where(row => row.IsStopped).Select(row => row.Name)];
    }
}
