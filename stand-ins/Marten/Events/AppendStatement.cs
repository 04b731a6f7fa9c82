using System.Text.Json;
using JasperFx.Events;
using Marten.Sessions;
using Npgsql;
using NpgsqlTypes;

namespace Marten.Events;

/// <summary>
/// One statement that appends any number of events to any number of streams. It locks the streams in the
/// order of their ids, so that writers of the same streams wait for each other and never for each other in a
/// ring; takes sequence numbers only then; and fails as a whole when a stream is not as expected.
/// </summary>
internal sealed class AppendStatement
{
    private readonly StoreOptions options;
    private readonly StoreParts parts;
    private readonly string sql;

    public AppendStatement(StoreParts parts)
    {
        (this.parts, options) = (parts, parts.Options);
        sql = Sql(parts.Names, options.Events.MetadataConfig);
    }

    public NpgsqlBatchCommand For(IReadOnlyList<StreamAction> streams)
    {
        var count = streams.Sum(stream => stream.Events.Count);
        var events = new Columns(count);
        for (var place = 0; place < streams.Count; place++)
        {
            var number = 0;
            foreach (var e in streams[place].Events)
                events.Add(place + 1, ++number, e, Json(e), Headers(e));
        }

        var command = new NpgsqlBatchCommand(sql);
        AddStreams(command, parts, streams);
        events.AddTo(command, options.Events.MetadataConfig);

        return command;
    }

    /// <summary>The first four parameters.</summary>
    public static void AddStreams(
        NpgsqlBatchCommand command, StoreParts parts, IReadOnlyList<StreamAction> streams)
    {
        Add(command, streams.Select(stream => stream.Key).ToArray(), NpgsqlDbType.Varchar);
        Add(command, streams.Select(stream => parts.StreamTypeName(stream.AggregateType)).ToArray(),
            NpgsqlDbType.Varchar);
        Add(command, streams.Select(stream => (long)stream.Events.Count).ToArray(), NpgsqlDbType.Bigint);
        Add(command, streams.Select(Expected).ToArray(), NpgsqlDbType.Bigint);
    }

    /// <summary>The one row that the statement gives back.</summary>
    public static Numbers Read(NpgsqlDataReader row) =>
        new(row.GetFieldValue<long[]>(0), row.GetFieldValue<long[]>(1), default);

    public static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private static long? Expected(StreamAction stream) =>
        stream.ActionType == StreamActionType.Start ? 0 : stream.ExpectedVersionOnServer;

    private byte[] Json(IEvent e) => JsonSerializer.SerializeToUtf8Bytes(e.Data, e.EventType, options.Json);

    private byte[]? Headers(IEvent e) =>
        e.Headers is { Count: > 0 } && options.Events.MetadataConfig.HeadersEnabled
            ? JsonSerializer.SerializeToUtf8Bytes(e.Headers, options.Json) : null;

    private static void Add(NpgsqlBatchCommand command, object values, NpgsqlDbType type) =>
        command.Parameters.Add(new() { Value = values, NpgsqlDbType = NpgsqlDbType.Array | type });

    /// <summary>
    /// Of the streams that are <c>given</c>: locks them, moves their versions, and says which they had
    /// before, as <c>checked</c>. The cast that fails carries the stream and its version in PostgreSQL's
    /// error message: so the transaction is lost on the server, and nobody can commit half of it.
    /// </summary>
    public static string MoveVersions(TableNames names, string at) =>
        $$"""
        stream as (
            insert into {{names.Streams}} as held (id, type, version, timestamp, tenant_id, is_archived)
            select id, type, events, coalesce({{at}}, transaction_timestamp()), '*DEFAULT*', false
            from given order by id collate "C"
            on conflict (id) do update
            set version = held.version + excluded.version, timestamp = excluded.timestamp
            returning id, version
        ), checked as (
            select place, events, case
                when expected is null or expected = version - events then version - events
                else ('{{Refusals.Mark}}'
                    || jsonb_build_object('stream', id, 'actual', version - events)::text)::bigint
                end as before
            from given join stream using (id)
        )
        """;

    // Versions are looked up in an array, not joined: a plan for unknown sizes cannot go wrong on it.
    private static string Sql(TableNames names, MetadataConfig metadata)
    {
        var columns = "seq_id, id, stream_id, version, data, type, timestamp, tenant_id, mt_dotnet_type,"
            + " is_archived";
        var given = "id, stream_id, stream, number, type, dotnet, data, at";
        var values = $"nextval({Literal(names.Sequence)}"
            + "::regclass), id, stream_id, version, data, type, coalesce(at, transaction_timestamp()),"
            + " '*DEFAULT*', dotnet, false";
        var arrays = "$5, $6, $7, $8, $9, $10, $11, $12";
        var next = 13;
        foreach (var column in Optional(metadata))
        {
            columns += ", " + column;
            given += ", " + column;
            values += ", " + column;
            arrays += ", $" + next++;
        }

        return $$"""
            with given as (
                select * from unnest($1, $2, $3, $4) with ordinality as s (id, type, events, expected, place)
            ), {{MoveVersions(names, "$12[1]")}}, versions as (
                select array_agg(before order by place) as before from checked
            ), appended as (
                insert into {{names.Events}} ({{columns}})
                select {{values}}
                from (
                    select e.*, versions.before[e.stream] + e.number as version
                    from versions cross join unnest({{arrays}}) with ordinality as e ({{given}}, place)
                    order by e.place
                ) as numbered
                returning seq_id
            )
            select (select array_agg(seq_id order by seq_id) from appended), (select before from versions)
            """;
    }

    private static IEnumerable<string> Optional(MetadataConfig metadata)
    {
        if (metadata.CausationIdEnabled) yield return "causation_id";
        if (metadata.CorrelationIdEnabled) yield return "correlation_id";
        if (metadata.UserNameEnabled) yield return "user_name";
        if (metadata.HeadersEnabled) yield return "headers";
    }

    /// <summary>What the database gave: sequence numbers in the order of the events, and each stream's
    /// version before them.</summary>
    /// <param name="Now">The transaction's time, where events are still to be written.</param>
    public sealed record Numbers(long[] Sequences, long[] Before, DateTimeOffset Now)
    {
        public void Assign(IReadOnlyList<StreamAction> streams)
        {
            var next = 0;
            for (var place = 0; place < streams.Count; place++)
            {
                var version = Before[place];
                foreach (var e in streams[place].Events)
                    (e.Version, e.Sequence) = (++version, Sequences[next++]);
                streams[place].Version = version;
            }
        }
    }

    /// <summary>Events as arrays, one for each column.</summary>
    private sealed class Columns(int count)
    {
        private readonly Guid[] ids = new Guid[count];
        private readonly string[] keys = new string[count];
        private readonly int[] streams = new int[count];
        private readonly long[] numbers = new long[count];
        private readonly string[] types = new string[count];
        private readonly string[] dotnet = new string[count];
        private readonly byte[][] data = new byte[count][];
        private readonly DateTimeOffset?[] times = new DateTimeOffset?[count];
        private readonly string?[] causes = new string?[count];
        private readonly string?[] correlations = new string?[count];
        private readonly string?[] users = new string?[count];
        private readonly byte[]?[] headers = new byte[]?[count];
        private int next;

        public void Add(int stream, int number, IEvent e, byte[] json, byte[]? header)
        {
            (ids[next], keys[next], streams[next], numbers[next]) = (e.Id, e.StreamKey!, stream, number);
            (types[next], dotnet[next], data[next]) = (e.EventTypeName, e.DotNetTypeName, json);
            times[next] = e.Timestamp == default ? null : e.Timestamp.ToUniversalTime();
            (causes[next], correlations[next]) = (e.CausationId, e.CorrelationId);
            (users[next], headers[next]) = (e.UserName, header);
            next++;
        }

        public void AddTo(NpgsqlBatchCommand command, MetadataConfig metadata)
        {
            void Add(object values, NpgsqlDbType type) => AppendStatement.Add(command, values, type);

            Add(ids, NpgsqlDbType.Uuid);
            Add(keys, NpgsqlDbType.Varchar);
            Add(streams, NpgsqlDbType.Integer);
            Add(numbers, NpgsqlDbType.Bigint);
            Add(types, NpgsqlDbType.Varchar);
            Add(dotnet, NpgsqlDbType.Varchar);
            Add(data, NpgsqlDbType.Jsonb);
            Add(times, NpgsqlDbType.TimestampTz);
            if (metadata.CausationIdEnabled) Add(causes, NpgsqlDbType.Varchar);
            if (metadata.CorrelationIdEnabled) Add(correlations, NpgsqlDbType.Varchar);
            if (metadata.UserNameEnabled) Add(users, NpgsqlDbType.Varchar);
            if (metadata.HeadersEnabled) Add(headers, NpgsqlDbType.Jsonb);
        }
    }
}
