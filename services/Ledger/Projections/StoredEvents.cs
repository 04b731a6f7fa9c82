using System.Text.Json;
using Billing.Ledger.Events;
using Npgsql;

namespace Billing.Ledger.Projections;

/// <summary>
/// Reads the event store in order, each event once for all read models. A charge comes without its arithmetic
/// and without the names of the usage behind it, of which no read model has a column.
/// </summary>
internal static class StoredEvents
{
    private const string Select =
        """
        select seq_id, id, type, data from events.mt_events
        where seq_id > $1 and seq_id <= $2 order by seq_id limit $3
        """;

    /// <summary>
    /// A full page ends with its last event, another one with what was asked for, and one that comes to an
    /// event that cannot be read ends before it.
    /// </summary>
    /// <param name="upTo">A position that somebody has taken in, or that Marten says is free of gaps.</param>
    /// <exception cref="UnreadableEventException">The very next event cannot be read.</exception>
    public static async Task<EventPage> Page(
        long after, long upTo, int limit, NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(Select, connection)
        {
            Parameters = { new() { Value = after }, new() { Value = upTo }, new() { Value = limit } },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var events = new List<Positioned>();
        while (await rows.ReadAsync(cancellation))
        {
            var position = rows.GetInt64(0);
            try
            {
                events.Add(new(
                    position, rows.GetGuid(1), Read(rows.GetString(2), rows.GetFieldValue<byte[]>(3))));
            }
            catch (JsonException unreadable)
            {
                if (events.Count == 0) throw new UnreadableEventException(position, unreadable);
                return new(after, position - 1, events);
            }
        }

        return new(after, events.Count < limit ? upTo : events[^1].Position, events);
    }

    // Nearly all events are charges as the Ledger writes them. What is not so is read, or refused, as usual.
    private static LedgerEvent Read(string storedName, byte[] json) =>
        (storedName == EventNames.ChargePosted ? ReadCharge.Brief(json) : null)
            ?? StoredJson.Read(storedName, json);
}

/// <summary>An event that is not what its stored name says.</summary>
internal sealed class UnreadableEventException(long position, JsonException because)
    : Exception($"Event {position} cannot be read.", because)
{
    public long Position => position;
}
