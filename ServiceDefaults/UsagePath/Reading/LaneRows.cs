using Billing.Contracts.Values;
using Npgsql;
using NpgsqlTypes;

namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>Where a partition is read on, and under which ownership.</summary>
/// <param name="ReadUpTo">Everything that the broker had by then is in; null where that is not asked.</param>
internal sealed record ReadPosition(
    int Partition, long Epoch, string TopicId, long NextOffset, DateTimeOffset? ReadUpTo = null);

/// <summary>What the database says about a lane.</summary>
internal sealed record LaneRow(int Lane, long Epoch, LaneState State);

/// <summary>The rows that are the fence: who owns a lane, and what was taken of it (docs/adr/0005).</summary>
internal static class LaneRows
{
    /// <summary>Waits for a batch of the owner before, which holds the rows.</summary>
    public static async Task<IReadOnlyList<LaneRow>> TakeOver(
        NpgsqlConnection connection, string topic, int[] lanes, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select * from take_over_lanes($1, $2)", connection)
        {
            Parameters = { new() { Value = topic }, new() { Value = lanes } },
        };
        return await Rows(command, cancellation);
    }

    public static async Task<IReadOnlyList<LaneRow>> Read(
        NpgsqlDataSource writer, string topic, int[] lanes, CancellationToken cancellation)
    {
        await using var command = writer.CreateCommand(
            """
            select lane, epoch, generation, last_number, last_fact, stopped_because
            from read_lanes where topic = $1 and lane = any ($2)
            """);
        command.Parameters.Add(new() { Value = topic });
        command.Parameters.Add(new() { Value = lanes });
        return await Rows(command, cancellation);
    }

    /// <summary>The first statements of a batch.</summary>
    /// <exception cref="PostgresException">
    /// <see cref="Troubles.OtherOwner"/>: the lanes are not ours any more, or a commit had succeeded.
    /// </exception>
    public static async Task Advance(
        NpgsqlConnection connection, string topic, IReadOnlyList<ReadFact> facts,
        IReadOnlyList<ReadPosition> positions, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(AdvanceLanes(topic, facts));
        if (positions.Count > 0) batch.BatchCommands.Add(PartitionRows.Advance(topic, positions));
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Keeps the lanes as they are until the transaction ends.</summary>
    /// <exception cref="PostgresException">As <see cref="Advance"/>.</exception>
    public static async Task Hold(
        NpgsqlConnection connection, string topic, IReadOnlyList<Lane> lanes, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select hold_lanes($1, $2, $3)", connection)
        {
            Parameters =
            {
                new() { Value = topic },
                new() { Value = lanes.Select(lane => lane.Number).ToArray() },
                new() { Value = lanes.Select(lane => lane.Epoch).ToArray() },
            },
        };
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <exception cref="PostgresException">As <see cref="Advance"/>.</exception>
    public static async Task Stop(
        NpgsqlDataSource writer, string topic, Lane lane, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var command = writer.CreateCommand("select stop_lane($1, $2, $3, $4, $5)");
        command.Parameters.Add(new() { Value = topic });
        command.Parameters.Add(new() { Value = lane.Number });
        command.Parameters.Add(new() { Value = lane.Epoch });
        command.Parameters.Add(new() { Value = lane.State.StoppedBecause! });
        command.Parameters.Add(new() { Value = now });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>A lane that is not ours any more gets its moment from its owner.</summary>
    public static async Task ReadUpTo(
        NpgsqlDataSource writer, string topic, List<(Lane Lane, DateTimeOffset Moment)> reached,
        CancellationToken cancellation)
    {
        await using var command = writer.CreateCommand("select keep_read_up_to($1, $2, $3, $4)");
        command.Parameters.Add(new() { Value = topic });
        command.Parameters.Add(new() { Value = reached.Select(one => one.Lane.Number).ToArray() });
        command.Parameters.Add(new() { Value = reached.Select(one => one.Lane.Epoch).ToArray() });
        command.Parameters.Add(new() { Value = reached.Select(one => one.Moment).ToArray() });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static NpgsqlBatchCommand AdvanceLanes(string topic, IReadOnlyList<ReadFact> facts)
    {
        // Each lane's facts are in their order, so the first seen is the first and the last seen the last.
        var steps = new Dictionary<int, (ReadFact First, ReadFact Last)>();
        foreach (var fact in facts)
            steps[fact.Header.Lane] = steps.TryGetValue(fact.Header.Lane, out var step)
                ? (step.First, fact)
                : (fact, fact);

        var (lanes, values) = (steps.Keys.ToArray(), steps.Values);
        return new("select advance_lanes($1, $2, $3, $4, $5, $6, $7)")
        {
            Parameters =
            {
                new() { Value = topic },
                new() { Value = lanes },
                new() { Value = values.Select(step => step.Last.Owner!.Epoch).ToArray() },
                new() { Value = values.Select(step => step.Last.Header.Generation).ToArray() },
                new() { Value = values.Select(step => step.First.Header.Number).ToArray() },
                new() { Value = values.Select(step => step.Last.Header.Number).ToArray() },
                new()
                {
                    Value = values.Select(step => step.Last.Header.Id.Value).ToArray(),
                    NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid,
                },
            },
        };
    }

    private static async Task<IReadOnlyList<LaneRow>> Rows(
        NpgsqlCommand command, CancellationToken cancellation)
    {
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var lanes = new List<LaneRow>();
        while (await rows.ReadAsync(cancellation))
            lanes.Add(new(rows.GetInt32(0), rows.GetInt64(1), new(
                rows.IsDBNull(2) ? null : rows.GetString(2), rows.GetInt64(3),
                rows.IsDBNull(4) ? null : new FactId(rows.GetGuid(4)),
                rows.IsDBNull(5) ? null : rows.GetString(5))));

        return lanes;
    }
}
