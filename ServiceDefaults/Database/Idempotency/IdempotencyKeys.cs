using System.Text.Json;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace Billing.ServiceDefaults.Database.Idempotency;

/// <summary>The stored keys. Times are the registered clock's, so that a test can let a day pass.</summary>
public sealed class IdempotencyKeys(
    ServiceDatabase database, TimeProvider time, NewId newId, ILogger<IdempotencyKeys> logger)
{
    public static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    /// <summary>How long a request may be at work before its process counts as dead.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    internal const int SweptAtOnce = 1000;

    private const int Attempts = 5;
    private const int StoreTimeoutSeconds = 5;

    internal abstract record Claimed;
    internal sealed record Ours(string Scope, string Key, Guid Lease) : Claimed;
    internal sealed record Answered(KeptAnswer Answer) : Claimed;
    internal sealed record AtWork : Claimed;
    internal sealed record OtherRequest : Claimed;

    internal async Task<Claimed> Claim(
        string scope, string key, byte[] request, CancellationToken cancellation)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var (now, lease) = (time.GetUtcNow(), newId());
            // A dead process may have done its work; only the same request may be tried again.
            await using var take = Command(
                """
                insert into idempotency_keys as stored
                    (scope, key, request_hash, lease, lease_until, expires_at)
                values ($1, $2, $3, $4, $5, $6)
                on conflict (scope, key) do update set
                    request_hash = excluded.request_hash, lease = excluded.lease,
                    lease_until = excluded.lease_until, expires_at = excluded.expires_at,
                    status = null, headers = null, body = null
                where stored.expires_at <= $7
                   or stored.status is null and stored.lease_until <= $7
                      and stored.request_hash = excluded.request_hash
                returning true
                """, scope, key, request, lease, now + Lease, now + Kept, now);
            if (await take.ExecuteScalarAsync(cancellation) is true) return new Ours(scope, key, lease);

            if (await Find(scope, key, request, cancellation) is { } found) return found;
        }

        return new AtWork();
    }

    /// <summary>Does not throw: the answer is true even when it cannot be stored.</summary>
    internal Task Keep(Ours claim, KeptAnswer answer) => Settle(Command(
        """
        update idempotency_keys set status = $4, headers = $5, body = $6
        where scope = $1 and key = $2 and lease = $3
        """, claim.Scope, claim.Key, claim.Lease, answer.Status,
        new NpgsqlParameter
        {
            Value = JsonSerializer.Serialize(answer.Headers),
            NpgsqlDbType = NpgsqlDbType.Jsonb,
        },
        new NpgsqlParameter
        {
            Value = (object?)answer.Body ?? DBNull.Value,
            NpgsqlDbType = NpgsqlDbType.Bytea,
        }));

    internal Task Free(Ours claim) => Settle(Command(
        "delete from idempotency_keys where scope = $1 and key = $2 and lease = $3",
        claim.Scope, claim.Key, claim.Lease));

    /// <summary>Removes what has expired, a bounded number in each transaction.</summary>
    /// <returns>How many.</returns>
    public async Task<int> Sweep(CancellationToken cancellation)
    {
        var removed = 0;
        while (true)
        {
            await using var sweep = Command(
                """
                delete from idempotency_keys where (scope, key) in (
                    select scope, key from idempotency_keys where expires_at <= $1
                    order by expires_at limit $2 for update skip locked)
                """, time.GetUtcNow(), SweptAtOnce);
            var now = await sweep.ExecuteNonQueryAsync(cancellation);
            removed += now;
            if (now < SweptAtOnce) return removed;
        }
    }

    /// <summary>Null when the row went away in the meantime.</summary>
    private async Task<Claimed?> Find(
        string scope, string key, byte[] request, CancellationToken cancellation)
    {
        await using var find = Command(
            """
            select request_hash = $3, status, headers, body
            from idempotency_keys where scope = $1 and key = $2
            """, scope, key, request);
        await using var row = await find.ExecuteReaderAsync(cancellation);
        if (!await row.ReadAsync(cancellation)) return null;
        if (!row.GetBoolean(0)) return new OtherRequest();
        if (await row.IsDBNullAsync(1, cancellation)) return new AtWork();

        return new Answered(new(
            row.GetInt32(1),
            JsonSerializer.Deserialize<Dictionary<string, string>>(row.GetString(2))!,
            await row.IsDBNullAsync(3, cancellation) ? null : row.GetFieldValue<byte[]>(3)));
    }

    private async Task Settle(NpgsqlCommand command)
    {
        await using (command)
        {
            command.CommandTimeout = StoreTimeoutSeconds;
            try
            {
                if (await command.ExecuteNonQueryAsync(CancellationToken.None) == 0)
                    logger.LogWarning(
                        "A request took longer than the lease of its Idempotency-Key ({Lease})", Lease);
            }
            catch (NpgsqlException lost)
            {
                logger.LogError(
                    lost, "An Idempotency-Key could not be settled; it is free again after {Lease}", Lease);
            }
        }
    }

    private NpgsqlCommand Command(string sql, params object[] values)
    {
        var command = database.Writer.CreateCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(value as NpgsqlParameter ?? new NpgsqlParameter { Value = value });

        return command;
    }
}
