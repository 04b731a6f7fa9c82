using System.Data;
using Npgsql;

namespace Billing.ServiceDefaults.Database;

/// <summary>
/// Questions, one consistent snapshot each. A tenant's sees that tenant's rows and nothing else, because the
/// database refuses the rest; the tenant is set for the transaction, so it cannot stay behind on a pooled
/// connection.
/// </summary>
public static class TenantScope
{
    /// <param name="tenant">From the caller's token, never from what the caller asked for.</param>
    public static Task<T> AsTenant<T>(
        this ServiceDatabase database, string tenant, Func<NpgsqlConnection, NpgsqlTransaction, Task<T>> work,
        CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(tenant);

        return InTransaction(database.Reader, work, tenant, cancellation);
    }

    /// <summary>All tenants: for callers whose role is finance, ops or admin.</summary>
    public static Task<T> AsStaff<T>(
        this ServiceDatabase database, Func<NpgsqlConnection, NpgsqlTransaction, Task<T>> work,
        CancellationToken cancellation = default) =>
        InTransaction(database.Staff, work, tenant: null, cancellation);

    private static async Task<T> InTransaction<T>(
        NpgsqlDataSource source, Func<NpgsqlConnection, NpgsqlTransaction, Task<T>> work, string? tenant,
        CancellationToken cancellation)
    {
        await using var connection = await source.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(
            IsolationLevel.RepeatableRead, cancellation);
        if (tenant is not null)
        {
            await using var name = new NpgsqlCommand(
                "select set_config('billing.tenant', $1, true)", connection, transaction)
            {
                Parameters = { new() { Value = tenant } },
            };
            await name.ExecuteNonQueryAsync(cancellation);
        }

        var answer = await work(connection, transaction);
        await transaction.CommitAsync(cancellation);

        return answer;
    }
}
