using Billing.Ledger.Events;
using Npgsql;

namespace Billing.Ledger.Projections;

/// <summary>Reads the event store in order, for a read model that catches up or is made again.</summary>
internal static class StoredEvents
{
    private const string Select =
        """
        select seq_id, id, type, data from events.mt_events
        where seq_id > $1 and seq_id <= $2 order by seq_id limit $3
        """;

    /// <param name="upTo">A position that somebody has taken in: behind it nothing is missing.</param>
    /// <exception cref="System.Text.Json.JsonException">An event that cannot be read.</exception>
    public static async Task<EventPage> Page(
        long after, long upTo, int limit, NpgsqlConnection connection, CancellationToken cancellation)
    {
        var raw = await Raw(after, upTo, limit, connection, cancellation);
        return Read(after, upTo, limit, raw);
    }

    public static async Task<IReadOnlyList<StoredEvent>> Raw(
        long after, long upTo, int limit, NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(Select, connection)
        {
            Parameters = { new() { Value = after }, new() { Value = upTo }, new() { Value = limit } },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var events = new List<StoredEvent>();
        while (await rows.ReadAsync(cancellation))
            events.Add(new(
                rows.GetInt64(0), rows.GetGuid(1), rows.GetString(2), rows.GetFieldValue<byte[]>(3)));
        return events;
    }

    /// <summary>A full page ends with its last event, another one with what was asked for.</summary>
    public static EventPage Read(long after, long upTo, int limit, IReadOnlyList<StoredEvent> raw)
    {
        var events = new Positioned[raw.Count];
        for (var place = 0; place < events.Length; place++)
            events[place] = new(
                raw[place].Position, raw[place].Id, StoredJson.Read(raw[place].Type, raw[place].Json));
        return new(after, raw.Count < limit ? upTo : raw[^1].Position, events);
    }
}

/// <summary>An event as it lies in the store.</summary>
internal sealed record StoredEvent(long Position, Guid Id, string Type, byte[] Json);
