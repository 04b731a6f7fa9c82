using Npgsql;

namespace Billing.Ingestion.Questions;

/// <summary>Reads the delivery report of a source, in one snapshot and one round trip.</summary>
internal static class ReadDelivery
{
    private const int MostGaps = 100;

    public static async Task<GetDelivery.Answer?> Of(
        string source, DateOnly from, DateOnly to, NpgsqlConnection connection,
        CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                Command("select first_seen_at from usage_sources where name = $1"),
                Command(
                    $"select {Sums} from usage_counts c join usage_sources s on s.id = c.source_id "
                    + "where s.name = $1"),
                Command(
                    $"select day, {Sums} from usage_counts c join usage_sources s on s.id = c.source_id "
                    + "where s.name = $1 and day between $2 and $3 group by day order by day", from, to),
                Command(GapsSql, MostGaps),
            },
        };
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        if (!await rows.ReadAsync(cancellation)) return null;

        var firstSeenAt = rows.GetFieldValue<DateTimeOffset>(0);
        await rows.NextResultAsync(cancellation);
        await rows.ReadAsync(cancellation);
        var total = CountsAt(rows, 0);
        await rows.NextResultAsync(cancellation);
        var days = new List<GetDelivery.Day>();
        while (await rows.ReadAsync(cancellation))
            days.Add(new(rows.GetFieldValue<DateOnly>(0), CountsAt(rows, 1)));
        await rows.NextResultAsync(cancellation);
        return new(source, firstSeenAt, total, days, await ReadNumbering(rows, cancellation));

        NpgsqlBatchCommand Command(string sql, params object[] more)
        {
            var command = new NpgsqlBatchCommand(sql) { Parameters = { new() { Value = source } } };
            foreach (var value in more) command.Parameters.Add(new() { Value = value });
            return command;
        }
    }

    private static async Task<GetDelivery.Numbering?> ReadNumbering(
        NpgsqlDataReader rows, CancellationToken cancellation)
    {
        GetDelivery.Numbering? numbering = null;
        var gaps = new List<GetDelivery.Gap>();
        while (await rows.ReadAsync(cancellation))
        {
            numbering ??= new(
                rows.GetInt64(0), rows.GetInt64(1), rows.GetDecimal(2), rows.GetInt64(3), gaps,
                rows.GetBoolean(4));
            if (!rows.IsDBNull(5)) gaps.Add(new(rows.GetInt64(5), rows.GetInt64(6)));
        }

        return numbering;
    }

    private static GetDelivery.Counts CountsAt(NpgsqlDataReader rows, int column) => new(
        rows.GetInt64(column), rows.GetInt64(column + 1), rows.GetInt64(column + 2),
        rows.GetInt64(column + 3), rows.GetInt64(column + 4), rows.GetInt64(column + 5),
        rows.GetInt64(column + 6));

    private const string Sums =
        "coalesce(sum(received), 0)::bigint, coalesce(sum(accepted), 0)::bigint, "
        + "coalesce(sum(duplicate), 0)::bigint, coalesce(sum(conflict), 0)::bigint, "
        + "coalesce(sum(rejected), 0)::bigint, coalesce(sum(unmatched), 0)::bigint, "
        + "coalesce(sum(waiting), 0)::bigint";

    // One row for each gap with the sums beside it, or a single one where there is no gap.
    private const string GapsSql =
        """
        with numbers as (
            select arrived, is_scattered, range_merge(arrived) as whole
            from usage_sequences q join usage_sources s on s.id = q.source_id
            where s.name = $1 and not isempty(arrived)
        ), gaps as (
            select gap, count(*) over () as gap_count,
                sum(upper(gap)::numeric - lower(gap)) over () as missing
            from numbers, unnest(int8multirange(whole) - arrived) as gap
        )
        select lower(whole), upper(whole) - 1, coalesce(missing, 0), coalesce(gap_count, 0), is_scattered,
            lower(gap), upper(gap) - 1
        from numbers left join gaps on true order by lower(gap) limit $2
        """;
}
