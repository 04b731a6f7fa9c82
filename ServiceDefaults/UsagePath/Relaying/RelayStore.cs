using Billing.Contracts.Values;
using Billing.ServiceDefaults.Database;
using Npgsql;
using NpgsqlTypes;

namespace Billing.ServiceDefaults.UsagePath.Relaying;

/// <summary>What the relay reads and writes in the service's database, as the writer.</summary>
internal sealed class RelayStore(ServiceDatabase database) : IAsyncDisposable
{
    // Asked several times a second by one loop; giving a connection back to the pool costs more than most of
    // the questions.
    private NpgsqlConnection? _kept;

    /// <summary>Takes and renews leases.</summary>
    /// <returns>The partitions that are the holder's for so long.</returns>
    public async Task<IReadOnlyList<int>> Lease(
        string topic, int partitions, string holder, TimeSpan duration, CancellationToken cancellation)
    {
        await using var command = await Command(
            """
            insert into relay_leases as l (topic, partition, holder, expires_at)
            select $1, p, $3, now() + $4 from generate_series(0, $2 - 1) as p order by p
            on conflict (topic, partition) do update
            set holder = excluded.holder, expires_at = excluded.expires_at
            where l.holder = excluded.holder or l.expires_at < now()
            returning partition
            """, [topic, partitions, holder, duration], cancellation);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var held = new List<int>();
        while (await rows.ReadAsync(cancellation)) held.Add(rows.GetInt32(0));
        return held;
    }

    public async Task Release(string holder, CancellationToken cancellation)
    {
        await using var command = await Command(
            "delete from relay_leases where holder = $1", [holder], cancellation);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Where all lanes end that have a number, and what is acknowledged of them.</summary>
    public async Task<IReadOnlyList<LaneEnd>> Ends(string[] topics, CancellationToken cancellation)
    {
        await using var command = await Command(
            """
            select topic, lane, last_number, last_fact, coalesce(acknowledged, 0)
            from sent_lanes left join relay_marks using (topic, lane)
            where topic = any ($1)
            """, [topics], cancellation);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var ends = new List<LaneEnd>();
        while (await rows.ReadAsync(cancellation))
            ends.Add(new(
                rows.GetString(0), rows.GetInt32(1), rows.GetInt64(2),
                rows.IsDBNull(3) ? null : new(rows.GetGuid(3)), rows.GetInt64(4)));
        return ends;
    }

    /// <summary>Facts of a lane by number, at most <paramref name="most"/>.</summary>
    public async Task<IReadOnlyList<NumberedFact>> Page(
        string topic, int lane, long from, long through, int most, CancellationToken cancellation)
    {
        await using var command = await Command(
            """
            select number, fact_id, wire_name, key, body, trace from sent_facts
            where topic = $1 and lane = $2 and number between $3 and $4
            order by number
            """, [topic, lane, from - 1, Math.Min(through, from + most - 1)], cancellation);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var facts = new List<NumberedFact>();
        FactId? previous = null;
        while (await rows.ReadAsync(cancellation))
        {
            var number = rows.GetInt64(0);
            var id = new FactId(rows.GetGuid(1));
            if (number >= from)
                facts.Add(new(
                    new(topic, lane, id, rows.GetString(2), rows.GetString(3),
                        rows.GetFieldValue<byte[]>(4), rows.IsDBNull(5) ? null : rows.GetString(5)),
                    number, previous));
            previous = id;
        }

        return facts;
    }

    /// <summary>
    /// Marks only grow. Losing one to a crash of the server publishes a few facts twice, so that its commit
    /// does not wait for the disk.
    /// </summary>
    public async Task Mark(IReadOnlyList<LaneMark> marks, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(await Connection(cancellation));
        batch.BatchCommands.Add(new("select set_config('synchronous_commit', 'off', true)"));
        batch.BatchCommands.Add(new(
            """
            insert into relay_marks as m (topic, lane, acknowledged)
            select * from unnest($1, $2, $3) as given (topic, lane, acknowledged) order by topic, lane
            on conflict (topic, lane) do update
            set acknowledged = greatest(m.acknowledged, excluded.acknowledged)
            """)
        {
            Parameters =
            {
                new() { Value = marks.Select(mark => mark.Topic).ToArray() },
                new() { Value = marks.Select(mark => mark.Lane).ToArray() },
                new() { Value = marks.Select(mark => mark.Acknowledged).ToArray() },
            },
        });
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        if (_kept is { } kept) await kept.DisposeAsync();
    }

    private async Task<NpgsqlCommand> Command(
        string sql, object[] values, CancellationToken cancellation)
    {
        var command = new NpgsqlCommand(sql, await Connection(cancellation));
        foreach (var value in values)
            command.Parameters.Add(value is TimeSpan
                ? new() { Value = value, NpgsqlDbType = NpgsqlDbType.Interval }
                : new() { Value = value });
        return command;
    }

    private async Task<NpgsqlConnection> Connection(CancellationToken cancellation)
    {
        if (_kept is { FullState: System.Data.ConnectionState.Open } open) return open;

        if (_kept is { } broken) await broken.DisposeAsync();
        _kept = null;
        return _kept = await database.Writer.OpenConnectionAsync(cancellation);
    }
}

/// <summary>The last number that the store gave in a lane.</summary>
internal sealed record LaneEnd(string Topic, int Lane, long LastNumber, FactId? LastFact, long Acknowledged);

/// <summary>The broker has everything of a lane up to here.</summary>
internal sealed record LaneMark(string Topic, int Lane, long Acknowledged);
