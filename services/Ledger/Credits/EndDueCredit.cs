using Billing.Contracts;
using Billing.Ledger.Events;
using Billing.Ledger.Storage;
using Npgsql;

namespace Billing.Ledger.Credits;

/// <summary>
/// Looks every second which grants of credit are over by the service's clock, and ends them: one owner at a
/// time, each in a transaction of its own. Several processes may look at once; a grant ends once.
/// </summary>
internal sealed partial class EndDueCredit(
    LedgerTransactions transactions, TimeProvider time, ILogger<EndDueCredit> logger) : EverySecond(time)
{
    private const int MostOwners = 100;

    /// <summary>All that is due by now; answers how many grants it ended.</summary>
    public override async Task<int> Sweep(CancellationToken cancellation)
    {
        var (now, ended, last) = (Time.GetUtcNow(), 0, default(CreditOwner?));
        List<CreditOwner> owners;
        do
        {
            owners = await Due(last, now, cancellation);
            foreach (var owner in owners) ended += await TryEnd(owner, now, cancellation);
            if (owners.Count > 0) last = owners[^1];
        }
        while (owners.Count == MostOwners);

        return ended;
    }

    private async Task<List<CreditOwner>> Due(
        CreditOwner? after, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var work = await transactions.Open(cancellation);
        return await CreditDue.Owners(work.Connection, after, now, MostOwners, cancellation);
    }

    /// <summary>What fails stays due, and keeps no other owner waiting.</summary>
    private async Task<int> TryEnd(CreditOwner owner, DateTimeOffset now, CancellationToken cancellation)
    {
        try
        {
            return await End(owner, now, cancellation);
        }
        catch (LostRaceException)
        {
            return 0; // An invoice was paid from it meanwhile; the next look sees what is left.
        }
        catch (Exception trouble) when (!cancellation.IsCancellationRequested)
        {
            Fails(trouble);
            return 0;
        }
    }

    private async Task<int> End(CreditOwner owner, DateTimeOffset now, CancellationToken cancellation)
    {
        var (tenant, currency) = owner;
        await using var work = await transactions.Open(cancellation);
        await LedgerKeys.Hold(work.Connection, [LedgerKeys.Of(tenant, currency)], cancellation);
        var stream = new StreamId.Credit(tenant, currency);
        var events = await Read(work, stream, cancellation);
        work.WasRead(stream, events.VersionOf(stream));

        var due = new ExpireCredit.Due(tenant, currency, Resources.Ledger);
        var ended = ExpireCredit.Decide(due, StoredEvents.Credit(events), now) is Decision.Accepted accepted
            ? accepted.Appends
            : [];
        await CreditDue.Remove(work.Connection, owner, now, cancellation);
        work.Append(ended);
        await work.Save(cancellation);
        return ended.Count;
    }

    private static async Task<List<StoredEvent>> Read(
        LedgerWork work, StreamId stream, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(work.Connection)
        {
            BatchCommands = { StoredEvents.OfStreams([stream]) },
        };
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        return await StoredEvents.Read(rows, cancellation);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Credit whose time is over is ended later")]
    protected override partial void Later(Exception trouble);

    [LoggerMessage(Level = LogLevel.Error, Message = "Credit whose time is over cannot be ended")]
    private partial void Fails(Exception trouble);
}
