using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.UsagePath;
using Npgsql;
using NpgsqlTypes;

namespace Billing.Ingestion.Usage;

/// <summary>
/// The delivery report's numbers of one transaction, per source and day. What was received has exactly one of
/// the six fates; the table refuses anything else.
/// </summary>
public sealed class UsageCounts
{
    // Two statements, because a row that is proposed has to add up before anybody looks for a conflict.
    private const string Add = "select count_usage($1)";

    private const string Move =
        """
        update usage_counts as c set
            accepted = c.accepted + a, unmatched = c.unmatched + u, waiting = c.waiting + w,
            duplicate = c.duplicate + du, conflict = c.conflict + co, rejected = c.rejected + r
        from unnest($1, $2, $3, $4, $5, $6, $7, $8) as g (s, d, a, u, w, du, co, r)
        where c.source_id = s and c.day = d
        """;

    private static readonly int FirstDay = DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber;

    private readonly SortedDictionary<(int Source, DateOnly Day), long[]> _received = [], _moved = [];

    public void Received(int source, DateTimeOffset at, VerdictKind verdict) =>
        Of(_received, source, at)[(int)verdict]++;

    /// <summary>What was received before has another fate now.</summary>
    public void Moved(int source, DateTimeOffset receivedAt, UsageState from, UsageState to)
    {
        if (Fate(from) == Fate(to)) return;

        var counts = Of(_moved, source, receivedAt);
        counts[(int)Fate(from)]--;
        counts[(int)Fate(to)]++;
    }

    /// <summary>What was received, where no other statement takes it along.</summary>
    public void AddReceivedTo(BatchTransaction into)
    {
        if (_received.Count > 0) into.Write(Columns.Command(Add, Received()));
    }

    public void AddMovedTo(BatchTransaction into)
    {
        if (_moved.Count > 0) into.Write(Command(Move, _moved));
    }

    /// <summary>As <c>count_usage</c> takes it.</summary>
    public NpgsqlParameter Received()
    {
        var numbers = new List<long>();
        foreach (var ((source, day), counts) in _received)
            numbers.AddRange([source, day.DayNumber - FirstDay, .. counts]);
        return new NpgsqlParameter<long[]> { TypedValue = [.. numbers] };
    }

    private static VerdictKind Fate(UsageState state) => state switch
    {
        UsageState.Unmatched => VerdictKind.Unmatched,
        UsageState.Waiting => VerdictKind.Waiting,
        UsageState.Rejected => VerdictKind.Rejected,
        _ => VerdictKind.Accepted,
    };

    private static long[] Of(
        SortedDictionary<(int Source, DateOnly Day), long[]> all, int source, DateTimeOffset at)
    {
        var day = (source, DateOnly.FromDateTime(at.UtcDateTime));
        if (!all.TryGetValue(day, out var counts))
            all.Add(day, counts = new long[Enum.GetValues<VerdictKind>().Length]);

        return counts;
    }

    private static NpgsqlBatchCommand Command(
        string sql, SortedDictionary<(int Source, DateOnly Day), long[]> all)
    {
        var command = new NpgsqlBatchCommand(sql);
        command.Parameters.Add(new() { Value = all.Keys.Select(key => key.Source).ToArray() });
        command.Parameters.Add(new()
        {
            Value = all.Keys.Select(key => key.Day).ToArray(),
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Date,
        });
        foreach (var verdict in Enum.GetValues<VerdictKind>())
            command.Parameters.Add(new()
            {
                Value = all.Values.Select(counts => counts[(int)verdict]).ToArray(),
            });

        return command;
    }
}
