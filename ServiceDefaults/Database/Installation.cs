using Microsoft.Extensions.Logging;
using Npgsql;

namespace Billing.ServiceDefaults.Database;

/// <summary>What makes a store this store, and not a copy or a restored one (docs/adr/0005).</summary>
/// <param name="Generation">
/// Goes with every fact; renewed when the store is found to be a restored one.
/// </param>
/// <param name="Lanes">As when the store was made; for the life of the installation.</param>
public sealed record Installation(string Generation, int Lanes, DateTimeOffset CreatedAt)
{
    // The timeline is read from the write-ahead log's position: the control file lags behind a promotion.
    private const string Here =
        """
        select system_identifier,
               ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer as timeline,
               (select oid::bigint from pg_database where datname = current_database()) as database_oid
        from pg_control_system()
        """;

    /// <summary>By the owner, in the migration run.</summary>
    internal static async Task MakeOrRenew(
        NpgsqlConnection connection, ILogger logger, CancellationToken cancellation)
    {
        await using var make = new NpgsqlCommand(
            $"""
            with here as ({Here}), fresh as (
                select *, concat_ws(
                    '-', system_identifier, timeline, replace(gen_random_uuid()::text, '-', '')) as generation
                from here)
            insert into installation as stored
                (generation, system_identifier, timeline, database_oid, lanes, created_at, renewed_at)
            select generation, system_identifier, timeline, database_oid, $1, now(), now() from fresh
            on conflict (only_row) do update set
                generation = excluded.generation, system_identifier = excluded.system_identifier,
                timeline = excluded.timeline, database_oid = excluded.database_oid, renewed_at = now()
            where (stored.system_identifier, stored.timeline, stored.database_oid)
                is distinct from (excluded.system_identifier, excluded.timeline, excluded.database_oid)
            returning created_at <> renewed_at
            """, connection)
        {
            Parameters = { new() { Value = Contracts.Lanes.Count } },
        };
        if (await make.ExecuteScalarAsync(cancellation) is true)
            logger.LogWarning(
                "The store was restored or moved since it was last used. It has a new generation, and "
                + "readers of its topics stop until they are told to go on");
    }

    /// <summary>The store's installation, by any role that may select it.</summary>
    /// <exception cref="CannotStartException">
    /// The store has another number of lanes, or was restored and not migrated since.
    /// </exception>
    public static async Task<Installation> Read(NpgsqlDataSource writer, CancellationToken cancellation)
    {
        await using var select = writer.CreateCommand(
            $"""
            select generation, lanes, created_at,
                   (stored.system_identifier, stored.timeline, stored.database_oid)
                       is not distinct from (here.system_identifier, here.timeline, here.database_oid)
            from installation as stored, ({Here}) as here
            """);
        await using var row = await select.ExecuteReaderAsync(cancellation);
        if (!await row.ReadAsync(cancellation))
            throw new CannotStartException("The store has no installation yet: run its migration first.");

        var stored =
            new Installation(row.GetString(0), row.GetInt32(1), row.GetFieldValue<DateTimeOffset>(2));
        if (stored.Lanes != Contracts.Lanes.Count)
            throw new CannotStartException(
                $"The store has {stored.Lanes} lanes for ever; this version has {Contracts.Lanes.Count}.");
        if (!row.GetBoolean(3))
            throw new CannotStartException(
                "The store was restored: run its migration first, which says what follows.");

        return stored;
    }
}
