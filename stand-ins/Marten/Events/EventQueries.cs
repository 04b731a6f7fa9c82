using JasperFx.Events;
using Marten.Sessions;
using Npgsql;

namespace Marten.Events;

/// <summary>Reading events through a session.</summary>
internal class EventQueries(QuerySession session) : IQueryEventStore
{
    private readonly StoreParts parts = session.Parts;

    public Task<IReadOnlyList<IEvent>> FetchStreamAsync(
        string streamKey, long version = 0, DateTimeOffset? timestamp = null, long fromVersion = 0,
        CancellationToken token = default)
    {
        var sql = $"select {parts.Reader.Columns} from {parts.Names.Events} where stream_id = $1"
            + " and version >= $2 and version <= $3" + (timestamp is null ? "" : " and timestamp <= $4")
            + " order by version";
        List<object> values = [streamKey, fromVersion, version > 0 ? version : long.MaxValue];
        if (timestamp is { } until) values.Add(until.ToUniversalTime());

        return session.Read<IReadOnlyList<IEvent>>(sql, [.. values], All, token);
    }

    public async Task<T?> AggregateStreamAsync<T>(
        string streamKey, long version = 0, DateTimeOffset? timestamp = null, T? state = null,
        long fromVersion = 0, CancellationToken token = default)
        where T : class
    {
        var events = await FetchStreamAsync(streamKey, version, timestamp, fromVersion, token);

        return await parts.Aggregator<T>().Aggregate(state, streamKey, events, session, token);
    }

    public Task<StreamState?> FetchStreamStateAsync(string streamKey, CancellationToken token = default) =>
        session.Read(
            $"select version, type, timestamp, created, is_archived from {parts.Names.Streams} where id = $1",
            [streamKey],
            async rows => !await rows.ReadAsync(token) ? null : new StreamState
            {
                Key = streamKey,
                Version = rows.GetInt64(0),
                AggregateType = rows.IsDBNull(1) ? null : parts.AggregateType(rows.GetString(1)),
                LastTimestamp = rows.GetFieldValue<DateTimeOffset>(2),
                Created = rows.GetFieldValue<DateTimeOffset>(3),
                IsArchived = !rows.IsDBNull(4) && rows.GetBoolean(4),
            },
            token);

    public async Task<IEvent<T>?> LoadAsync<T>(Guid id, CancellationToken token = default)
        where T : class => await LoadAsync(id, token) as IEvent<T>;

    public async Task<IEvent?> LoadAsync(Guid id, CancellationToken token = default)
    {
        var sql = $"select {parts.Reader.Columns} from {parts.Names.Events} where id = $1";
        var found = await session.Read<IReadOnlyList<IEvent>>(sql, [id], All, token);

        return found.Count > 0 ? found[0] : null;
    }

    private async Task<IReadOnlyList<IEvent>> All(NpgsqlDataReader rows)
    {
        var events = new List<IEvent>();
        while (await rows.ReadAsync()) events.Add(parts.Reader.Read(rows));

        return events;
    }
}
