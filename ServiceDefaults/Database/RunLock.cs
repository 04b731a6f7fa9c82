using Microsoft.Extensions.Logging;
using Npgsql;

namespace Billing.ServiceDefaults.Database;

/// <summary>
/// One migration run at a time for each database. The server lets go when the connection ends.
/// </summary>
internal static class RunLock
{
    public static async Task Take(
        NpgsqlConnection connection, string database, ILogger logger, CancellationToken cancellation)
    {
        if (await Ask("pg_try_advisory_lock")) return;

        logger.LogInformation("Another migration run of {Database} is at work; waiting for it", database);
        await using var patient = new NpgsqlCommand("set lock_timeout = 0", connection);
        await patient.ExecuteNonQueryAsync(cancellation);
        await Ask("pg_advisory_lock");
        await using var again = new NpgsqlCommand("reset lock_timeout", connection);
        await again.ExecuteNonQueryAsync(cancellation);

        async Task<bool> Ask(string function)
        {
            await using var command = new NpgsqlCommand(
                $"select {function}(hashtextextended('billing migrations of ' || $1, 0))", connection)
            {
                Parameters = { new() { Value = database } },
                CommandTimeout = 0,
            };

            return await command.ExecuteScalarAsync(cancellation) is true;
        }
    }
}
