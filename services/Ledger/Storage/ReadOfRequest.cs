using Billing.Ledger.Events;
using Npgsql;

namespace Billing.Ledger.Storage;

/// <summary>What a request decides by: one stream, and whatever has its id already.</summary>
internal static class ReadOfRequest
{
    /// <summary>Holds the key first: what is read stays so until the transaction ends.</summary>
    public static async Task<(List<StoredEvent> Events, bool IsRecorded)> Of(
        LedgerWork work, string key, StreamId stream, Guid id, CancellationToken cancellation)
    {
        await LedgerKeys.Hold(work.Connection, [key], cancellation);
        await using var batch = new NpgsqlBatch(work.Connection)
        {
            BatchCommands = { StoredEvents.OfStreams([stream]), StoredEvents.ById([id]) },
        };
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        var events = await StoredEvents.Read(rows, cancellation);
        var recorded = await StoredEvents.Read(rows, cancellation);
        work.WasRead(stream, events.VersionOf(stream));
        return (events, recorded.Count > 0);
    }
}
