using JasperFx.Events;
using Npgsql;
using NpgsqlTypes;

namespace Marten.Events;

/// <summary>
/// The same as <see cref="AppendStatement"/> for many events at once. One statement locks the streams in
/// the order of their ids, moves their versions and takes the sequence numbers; then the events go in by
/// COPY, which makes no arrays of them and sorts nothing.
/// </summary>
internal sealed class AppendCopy(StoreParts parts)
{
    /// <summary>Fewer events are cheaper in one statement, which needs fewer round trips.</summary>
    public const int Least = 64;

    // Enough for each write to be worth its while; small enough to be reused.
    private const int Chunk = 128 * 1024;

    private readonly EventRows rows = new(parts.Options);
    private readonly string take = Sql(parts.Names);
    private readonly string copy = $"copy {parts.Names.Events} (" + EventRows.Columns(parts.Options)
        + ") from stdin (format binary)";

    public static bool IsFor(IReadOnlyList<StreamAction> streams)
    {
        var events = 0;
        foreach (var stream in streams)
        {
            events += stream.Events.Count;
            if (events >= Least) return true;
        }

        return false;
    }

    /// <summary>After it the streams are held, and the numbers are theirs.</summary>
    public NpgsqlBatchCommand Take(IReadOnlyList<StreamAction> streams)
    {
        var command = new NpgsqlBatchCommand(take);
        AppendStatement.AddStreams(command, parts, streams);
        var at = streams[0].Events[0].Timestamp;
        command.Parameters.Add(new()
        {
            Value = at == default ? DBNull.Value : at.ToUniversalTime(),
            NpgsqlDbType = NpgsqlDbType.TimestampTz,
        });

        return command;
    }

    public static AppendStatement.Numbers Read(NpgsqlDataReader row) => new(
        row.GetFieldValue<long[]>(0), row.GetFieldValue<long[]>(1), row.GetFieldValue<DateTimeOffset>(2));

    public async Task Write(
        NpgsqlConnection connection, IReadOnlyList<StreamAction> streams, AppendStatement.Numbers numbers,
        CancellationToken token)
    {
        await using var into = await connection.BeginRawBinaryCopyAsync(copy, token);
        try
        {
            using var buffer = new CopyBuffer(Chunk);
            using var row = rows.Begin(buffer);
            var next = 0;
            for (var place = 0; place < streams.Count; place++)
            {
                var version = numbers.Before[place];
                row.Of(streams[place]);
                foreach (var e in streams[place].Events)
                {
                    row.Write(e, ++version, numbers.Sequences[next++], numbers.Now);
                    if (buffer.Length < Chunk) continue;

                    await into.WriteAsync(buffer.Written, token);
                    buffer.Clear();
                }
            }

            row.End();
            await into.WriteAsync(buffer.Written, token);
        }
        catch
        {
            // Leaving it would end it as if it were whole.
            await into.CancelAsync();
            throw;
        }
    }

    private static string Sql(TableNames names) =>
        $$"""
        with given as (
            select * from unnest($1, $2, $3, $4) with ordinality as s (id, type, events, expected, place)
        ), {{AppendStatement.MoveVersions(names, "$5")}}, versions as (
            select array_agg(before order by place) as before, sum(events)::bigint as events from checked
        )
        select numbers.taken, versions.before, transaction_timestamp()
        from versions cross join lateral (
            select array_agg(n order by n) as taken
            from (
                select nextval({{AppendStatement.Literal(names.Sequence)}}::regclass) as n
                from generate_series(1, versions.events)
            ) as each
        ) as numbers
        """;
}
