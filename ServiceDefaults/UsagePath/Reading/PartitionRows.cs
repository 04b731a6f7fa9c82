using Npgsql;
using NpgsqlTypes;

namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>Where partitions are read on. Of raw topics this is the fence; of numbered ones a hint.</summary>
internal static class PartitionRows
{
    /// <summary>Waits for a batch of the owner before. An offset of another topic id means nothing.</summary>
    public static async Task<(long Epoch, long? NextOffset)> TakeOver(
        NpgsqlConnection connection, string topic, int partition, string topicId,
        CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select * from take_over_partition($1, $2)", connection)
        {
            Parameters = { new() { Value = topic }, new() { Value = partition } },
        };
        await using var row = await command.ExecuteReaderAsync(cancellation);
        if (!await row.ReadAsync(cancellation))
            throw new InvalidOperationException($"Partition {partition} of {topic} could not be taken over.");

        var isSameTopic = !row.IsDBNull(1) && row.GetString(1) == topicId;
        return (row.GetInt64(0), isSameTopic && !row.IsDBNull(2) ? row.GetInt64(2) : null);
    }

    public static NpgsqlBatchCommand Advance(string topic, IReadOnlyList<ReadPosition> positions) =>
        new("select advance_partitions($1, $2, $3, $4, $5, $6)")
        {
            Parameters =
            {
                new() { Value = topic },
                new() { Value = positions.Select(position => position.Partition).ToArray() },
                new() { Value = positions.Select(position => position.Epoch).ToArray() },
                new() { Value = positions.Select(position => position.TopicId).ToArray() },
                new() { Value = positions.Select(position => position.NextOffset).ToArray() },
                new()
                {
                    Value = positions.Select(position => position.ReadUpTo).ToArray(),
                    NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz,
                },
            },
        };

    /// <summary>Partition → epoch and where to read on.</summary>
    public static async Task<IReadOnlyDictionary<int, (long Epoch, long? NextOffset)>> Read(
        NpgsqlDataSource writer, string topic, int[] partitions, CancellationToken cancellation)
    {
        await using var command = writer.CreateCommand(
            """
            select partition, epoch, next_offset
            from read_partitions where topic = $1 and partition = any ($2)
            """);
        command.Parameters.Add(new() { Value = topic });
        command.Parameters.Add(new() { Value = partitions });
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var found = new Dictionary<int, (long, long?)>();
        while (await rows.ReadAsync(cancellation))
            found[rows.GetInt32(0)] = (rows.GetInt64(1), rows.IsDBNull(2) ? null : rows.GetInt64(2));

        return found;
    }
}
