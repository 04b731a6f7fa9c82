using Billing.Contracts;
using Billing.LocalTools;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace Billing.AppHost.Infrastructure;

/// <summary>Whether what we run on answers: the question is the one that services ask.</summary>
internal static class HealthChecks
{
    private const int PatienceSeconds = 5;

    /// <summary>A query with the administrator's connection. Returns the check's key.</summary>
    public static string AddPostgresCheck(
        this Stack stack, Func<CancellationToken, ValueTask<string?>> connectionString) =>
        Add(stack, Resources.Postgres, async cancellation =>
        {
            var address = new NpgsqlConnectionStringBuilder(await connectionString(cancellation))
            {
                Timeout = PatienceSeconds,
                Pooling = false,
            };
            try
            {
                await using var connection = new NpgsqlConnection(address.ConnectionString);
                await connection.OpenAsync(cancellation);
                await using var command = new NpgsqlCommand("select 1", connection);
                await command.ExecuteScalarAsync(cancellation);
                return HealthCheckResult.Healthy();
            }
            catch (Exception silent) when (silent is NpgsqlException or TimeoutException)
            {
                return HealthCheckResult.Unhealthy(silent.Message);
            }
        });

    /// <summary>The broker's metadata. Returns the check's key.</summary>
    public static string AddKafkaCheck(
        this Stack stack, Func<CancellationToken, ValueTask<string?>> bootstrapServers) =>
        Add(stack, Resources.Kafka, async cancellation =>
            await bootstrapServers(cancellation) is not { } servers
                ? HealthCheckResult.Unhealthy("It has not said yet where it listens.")
                : await KafkaProbe.Ask(servers, cancellation) is { } why
                    ? HealthCheckResult.Unhealthy(why)
                    : HealthCheckResult.Healthy());

    private static string Add(
        Stack stack, string name, Func<CancellationToken, Task<HealthCheckResult>> check)
    {
        var key = $"{name}-answers";
        stack.Builder.Services.AddHealthChecks().AddAsyncCheck(key, check);
        return key;
    }
}
