using Billing.Contracts.Values;
using Billing.Ledger.Corrections;
using Billing.Ledger.Credits;
using Billing.Ledger.Events;
using Billing.Ledger.Invoices;
using Npgsql;

namespace Billing.Ledger.Storage;

/// <summary>An event as it is read to decide by.</summary>
public sealed record StoredEvent(string Stream, long Version, Guid Id, LedgerEvent Event)
{
    public Recorded Recorded => new(Id, Event);
}

/// <summary>
/// Reads many streams, and events by their ids, in one round trip, where Marten would need one for each.
/// </summary>
public static class StoredEvents
{
    private const string Columns = "select stream_id, version, id, type, data from events.mt_events";

    public static NpgsqlBatchCommand ById(IEnumerable<Guid> ids) => new($"{Columns} where id = any ($1)")
    {
        Parameters = { new() { Value = ids.ToArray() } },
    };

    /// <summary>Whole streams, each in its order.</summary>
    public static NpgsqlBatchCommand OfStreams(IEnumerable<StreamId> streams) =>
        new($"{Columns} where stream_id = any ($1::varchar[]) order by stream_id, version")
        {
            Parameters = { new() { Value = streams.Select(stream => stream.ToString()).ToArray() } },
        };

    /// <summary>One result of a batch, and goes on to the next.</summary>
    public static async Task<List<StoredEvent>> Read(NpgsqlDataReader rows, CancellationToken cancellation)
    {
        var events = new List<StoredEvent>();
        while (await rows.ReadAsync(cancellation))
            events.Add(new(
                rows.GetString(0), rows.GetInt64(1), rows.GetGuid(2),
                StoredJson.Read(rows.GetString(3), rows.GetFieldValue<byte[]>(4))));

        await rows.NextResultAsync(cancellation);
        return events;
    }

    /// <summary>How many events each stream has; one that is not there has none.</summary>
    public static long VersionOf(this IReadOnlyCollection<StoredEvent> events, StreamId stream)
    {
        var name = stream.ToString();
        return events.LastOrDefault(stored => stored.Stream == name)?.Version ?? 0;
    }

    /// <param name="moves">The charge's stream.</param>
    public static ChargeState Charge(ChargeId id, ChargePosted posted, IEnumerable<StoredEvent> moves) =>
        moves.Aggregate(ChargeState.Of(id, posted), (state, stored) => state.Evolve(stored.Recorded));

    /// <summary>Null where the invoice is not issued.</summary>
    public static InvoiceState? Invoice(IEnumerable<StoredEvent> stream) => stream.Aggregate(
        default(InvoiceState?), (state, stored) => stored.Event is InvoiceIssued issued
            ? InvoiceState.Of(issued)
            : state?.Evolve(stored.Recorded));

    public static CreditState Credit(IEnumerable<StoredEvent> stream) =>
        stream.Aggregate(CreditState.New, (state, stored) => state.Evolve(stored.Recorded));
}
