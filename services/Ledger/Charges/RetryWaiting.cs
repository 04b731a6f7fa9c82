using Billing.Ledger.Periods;
using Billing.Ledger.Storage;
using Npgsql;

namespace Billing.Ledger.Charges;

/// <summary>
/// Cancels whose charge is posted by now, or whose period is not being invoiced any more. Most are taken in
/// the batch that brings what they wait for; this finds those that came to wait while it came.
/// </summary>
public sealed partial class RetryWaiting(
    LedgerTransactions transactions, TimeProvider time, ILogger<RetryWaiting> logger) : EverySecond(time)
{
    private const int MostRows = 200;

    /// <summary>Once; answers how many were decided again.</summary>
    public override async Task<int> Sweep(CancellationToken cancellation)
    {
        var rows = await Ready(cancellation);
        if (rows.Count == 0) return 0;

        try
        {
            return await Retry(rows, cancellation);
        }
        catch (Exception trouble) when (rows.Count > 1 && trouble is not OperationCanceledException)
        {
            // One of them, perhaps: each alone, so that it does not keep the others waiting.
            var done = 0;
            foreach (var row in rows) done += await RetryAlone(row, cancellation);
            return done;
        }
    }

    private async Task<int> RetryAlone(long row, CancellationToken cancellation)
    {
        try
        {
            return await Retry([row], cancellation);
        }
        catch (Exception trouble) when (trouble is not OperationCanceledException)
        {
            Fails(trouble, row);
            return 0;
        }
    }

    private async Task<int> Retry(IReadOnlyCollection<long> ids, CancellationToken cancellation)
    {
        await using var transaction = await transactions.Begin(cancellation);
        var rows = await Hold(transaction.Connection, ids, cancellation);
        if (rows.Count == 0) return 0;

        var posted = await PostFacts.Apply(
            [.. rows.Select(Arrived.Of)], transaction.Work(), Time.GetUtcNow(), cancellation);
        await transaction.Commit(cancellation);
        PostingMetrics.Count(posted);
        return rows.Count - posted.Waiting.Count;
    }

    private static async Task<List<WaitingFact>> Hold(
        NpgsqlConnection connection, IReadOnlyCollection<long> ids, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            select id, body, since from waiting_facts where id = any ($1)
            order by id for update skip locked
            """, connection)
        {
            Parameters = { new() { Value = ids.ToArray() } },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        return await KeptFacts.Read(rows, cancellation);
    }

    private async Task<List<long>> Ready(CancellationToken cancellation)
    {
        await using var session = await transactions.Open(cancellation);
        await using var command = new NpgsqlCommand(
            """
            (select w.id from waiting_facts w join events.mt_events e on e.id = w.missing_key::uuid
             where w.kind = $1 and w.missing_key is not null order by w.id limit $3)
            union all
            (select w.id from waiting_facts w
             join period_guards g on g.tenant_id = split_part(w.missing_key, '/', 1)
                and g.subscription_id = split_part(w.missing_key, '/', 3)
                and g.currency = split_part(w.missing_key, '/', 4)
                and g.starts_at = split_part(w.missing_key, '/', 5)::timestamptz
             where w.kind = $2 and w.missing_key is not null and g.status <> $4 order by w.id limit $3)
            """, session.Connection)
        {
            Parameters =
            {
                new() { Value = WaitingKinds.Charge },
                new() { Value = WaitingKinds.Period },
                new() { Value = MostRows },
                new() { Value = (short)PeriodStatus.Closed },
            },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var found = new List<long>();
        while (await rows.ReadAsync(cancellation)) found.Add(rows.GetInt64(0));
        return found;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "What waits is decided again later")]
    protected override partial void Later(Exception trouble);

    [LoggerMessage(Level = LogLevel.Error, Message = "The waiting fact {Row} cannot be decided")]
    private partial void Fails(Exception trouble, long row);
}
