using JasperFx.Events.Projections;
using Marten.Exceptions;
using Marten.Sessions;
using Npgsql;

namespace Marten.AsyncDaemon;

/// <summary>Rows of <c>mt_event_progression</c>.</summary>
internal sealed class Progress(StoreParts parts)
{
    private readonly string table = parts.Names.Progression;

    public async Task<long?> Of(ShardName shard, CancellationToken token)
    {
        await using var command = Command(
            $"select coalesce(last_seq_id, 0) from {table} where name = $1", shard.Identity);

        return await command.ExecuteScalarAsync(token) as long?;
    }

    public async Task<IReadOnlyList<ShardState>> All(CancellationToken token)
    {
        await using var command = Command(
            $"select name, coalesce(last_seq_id, 0) from {table} order by name");
        await using var rows = await command.ExecuteReaderAsync(token);
        var all = new List<ShardState>();
        while (await rows.ReadAsync(token)) all.Add(new(Shard(rows.GetString(0)), rows.GetInt64(1)));

        return all;
    }

    /// <summary>Makes the row where there is none yet.</summary>
    public async Task Begin(ShardName shard, long floor, CancellationToken token)
    {
        await using var command = Command(
            $"insert into {table} (name, last_seq_id, last_updated) values ($1, $2, transaction_timestamp())"
            + " on conflict (name) do nothing",
            shard.Identity,
            floor);
        await command.ExecuteNonQueryAsync(token);
    }

    public async Task Set(ShardName shard, long floor, CancellationToken token)
    {
        await using var command = Command(
            $"insert into {table} (name, last_seq_id, last_updated) values ($1, $2, transaction_timestamp())"
            + " on conflict (name) do update set last_seq_id = excluded.last_seq_id,"
            + " last_updated = excluded.last_updated",
            shard.Identity,
            floor);
        await command.ExecuteNonQueryAsync(token);
    }

    /// <summary>From here to there, if it is still here; in the transaction that does the work.</summary>
    public Operation Move(ShardName shard, long from, long to)
    {
        var command = new NpgsqlBatchCommand(
            $"update {table} set last_seq_id = $3, last_updated = transaction_timestamp()"
            + " where name = $1 and coalesce(last_seq_id, 0) = $2");
        command.Parameters.Add(new() { Value = shard.Identity });
        command.Parameters.Add(new() { Value = from });
        command.Parameters.Add(new() { Value = to });

        return new(
            command,
            rows =>
            {
                if (rows != 1) throw new ProgressionProgressOutOfOrderException(shard.Identity);
            });
    }

    /// <summary>The place before the first event that was recorded at this moment or later.</summary>
    public async Task<long> FloorAt(DateTimeOffset moment, long otherwise, CancellationToken token)
    {
        await using var command = Command(
            $"select min(seq_id) - 1 from {parts.Names.Events} where timestamp >= $1",
            moment.ToUniversalTime());

        return await command.ExecuteScalarAsync(token) as long? ?? otherwise;
    }

    /// <summary>The last event that is committed now.</summary>
    public async Task<long> LastCommitted(CancellationToken token)
    {
        await using var command = Command($"select coalesce(max(seq_id), 0) from {parts.Names.Events}");

        return (long)(await command.ExecuteScalarAsync(token))!;
    }

    private static ShardName Shard(string identity) => identity.Split(':') switch
    {
        [var name] => new(name),
        [var name, var key] => new(name, key),
        [var name, ['V', .. var version], var key] when uint.TryParse(version, out var number) =>
            new(name, key, number),
        _ => new(identity),
    };

    private NpgsqlCommand Command(string sql, params object[] values)
    {
        var command = parts.Options.DataSource!.CreateCommand(sql);
        foreach (var value in values) command.Parameters.Add(new() { Value = value });

        return command;
    }
}
