using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.UsagePath;
using Npgsql;
using NpgsqlTypes;

namespace Billing.Ingestion.Usage;

/// <summary>The statements that keep events as they came.</summary>
internal static class KeepUsage
{
    private const string Known = "select keep_usage_originals($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

    private const string NewOnes =
        "select take_new_usage($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

    private const string NewOne =
        "select take_new_event($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

    /// <summary>Of events whose keys are in the table.</summary>
    public static void Originals(List<Candidate> taken, DateTimeOffset now, BatchTransaction into)
    {
        if (taken.Count > 0) into.Write(Command(Known, taken, now));
    }

    /// <summary>With their keys and what was received, where all that was taken is new.</summary>
    public static void New(
        List<Candidate> taken, UsageKeys keys, UsageCounts counts, DateTimeOffset now, BatchTransaction into)
    {
        if (taken is [var only])
        {
            into.Write(One(only, keys.Find(only.Key)!, counts, now));
            return;
        }

        // Keys are locked in this order.
        taken.Sort((left, right) => UsageKey.Order(left.Key, right.Key));
        var command = Command(NewOnes, taken, now);
        command.Parameters.Add(Columns.Of(taken, one => one.Digest));
        command.Parameters.Add(Columns.Of(taken, one => (short)keys.Find(one.Key)!.State));
        command.Parameters.Add(counts.Received());
        into.Write(command);
    }

    private static NpgsqlBatchCommand Command(string sql, List<Candidate> taken, DateTimeOffset now) =>
        Columns.Command(
            sql,
            Columns.One(now),
            // All of a batch came the same way.
            new NpgsqlParameter<short> { TypedValue = (short)taken[0].Arrival.Via },
            Columns.Of(taken, one => one.Key.SourceId),
            Columns.Of(taken, one => one.Key.Id),
            Columns.Of(taken, one => one.Usage.Tenant.ToString()),
            Columns.OfFew(taken, one => one.Arrival.Partition),
            Columns.OfFew(taken, one => one.Arrival.Offset),
            Columns.OfFew(taken, one => one.Arrival.SentBy),
            Columns.OfFew(taken, one => one.Arrival.Headers),
            Columns.Of(taken, one => one.Arrival.Original));

    private static NpgsqlBatchCommand One(
        Candidate taken, KeyRow key, UsageCounts counts, DateTimeOffset now) => Columns.Command(
            NewOne,
            new NpgsqlParameter<DateTimeOffset> { TypedValue = now, NpgsqlDbType = NpgsqlDbType.TimestampTz },
            new NpgsqlParameter<short> { TypedValue = (short)taken.Arrival.Via },
            new NpgsqlParameter<int> { TypedValue = key.Key.SourceId },
            new NpgsqlParameter<string> { TypedValue = key.Key.Id },
            new NpgsqlParameter<string> { TypedValue = key.Tenant },
            Perhaps(taken.Arrival.Partition, NpgsqlDbType.Integer),
            Perhaps(taken.Arrival.Offset, NpgsqlDbType.Bigint),
            Perhaps(taken.Arrival.SentBy, NpgsqlDbType.Text),
            Perhaps(taken.Arrival.Headers, NpgsqlDbType.Text),
            new NpgsqlParameter<ReadOnlyMemory<byte>>
            {
                TypedValue = taken.Arrival.Original,
                NpgsqlDbType = NpgsqlDbType.Bytea,
            },
            new NpgsqlParameter<Guid> { TypedValue = key.Digest },
            new NpgsqlParameter<short> { TypedValue = (short)key.State },
            counts.Received());

    private static NpgsqlParameter Perhaps(object? value, NpgsqlDbType type) =>
        new() { Value = value ?? DBNull.Value, NpgsqlDbType = type };
}
