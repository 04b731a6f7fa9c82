using Billing.ServiceDefaults.UsagePath.Reading;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Billing.ServiceDefaults.UsagePath.Waiting;

/// <summary>
/// Judges again whatever was judged by an older number of the catalog than the current one. So none is missed
/// that was judged while the news came in. Any process of the service may do it; rows are taken once.
/// </summary>
internal sealed partial class WaitingSweep(
    IEnumerable<IWaitingHandler> handlers, OpenBatch open, TimeProvider time, ILogger<WaitingSweep> logger)
    : BackgroundService
{
    private const int MostRows = 500;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly IReadOnlyList<IWaitingHandler> _handlers = [.. handlers];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_handlers.Count == 0) return;

        using var timer = new PeriodicTimer(Period, time);
        do
        {
            foreach (var handler in _handlers) await Sweep(handler, stoppingToken);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task Sweep(IWaitingHandler handler, CancellationToken stopping)
    {
        try
        {
            // One that fails is judged alone, so that it does not keep the others from their news.
            for (var most = MostRows; most > 0;)
            {
                var taken = 0;
                try
                {
                    taken = await Page(handler, most, fails: false, stopping);
                }
                catch (Exception trouble) when (Troubles.Of(trouble) == Trouble.OfMessage)
                {
                    Fails(trouble, handler.Kind, most);
                    most = most > 1 ? most / 2 : 0;
                    if (most == 0) await Page(handler, 1, fails: true, stopping);
                    most = Math.Max(most, 1);
                    continue;
                }

                if (taken < most) return;

                most = Math.Min(MostRows, most * 2);
            }
        }
        catch (Exception trouble) when (!stopping.IsCancellationRequested)
        {
            Later(trouble, handler.Kind);
        }
    }

    /// <param name="fails">The row cannot be judged: it waits for the next news, and the log says
    /// why.</param>
    private async Task<int> Page(
        IWaitingHandler handler, int most, bool fails, CancellationToken cancellation)
    {
        await using var transaction = await open(cancellation);
        var connection = transaction.Connection;
        var number = await CatalogNumber.Read(connection, cancellation);
        var rows = await Rows(connection, handler.Kind, number, most, cancellation);
        if (rows.Count == 0) return 0;

        var batch = new WaitingBatch(rows, number, transaction, time.GetUtcNow());
        var done = fails ? [] : await handler.Retry(batch, cancellation);
        var kept = rows.Select(row => row.Id).Except(done).ToArray();
        await using var settle = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new("delete from waiting_facts where id = any ($1)")
                {
                    Parameters = { new() { Value = done.ToArray() } },
                },
                new("update waiting_facts set judged_by = $2 where id = any ($1)")
                {
                    Parameters = { new() { Value = kept }, new() { Value = number } },
                },
            },
        };
        await settle.ExecuteNonQueryAsync(cancellation);
        await transaction.Commit(cancellation);
        return rows.Count;
    }

    private static async Task<List<WaitingRow>> Rows(
        NpgsqlConnection connection, string kind, long number, int most, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            select id, tenant_id, judged_by, body, since from waiting_facts
            where kind = $1 and judged_by < $2
            order by judged_by, id limit $3 for update skip locked
            """, connection)
        {
            Parameters = { new() { Value = kind }, new() { Value = number }, new() { Value = most } },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var found = new List<WaitingRow>();
        while (await rows.ReadAsync(cancellation))
            found.Add(new(
                rows.GetInt64(0), rows.GetString(1), rows.GetInt64(2), rows.GetFieldValue<byte[]>(3),
                rows.GetFieldValue<DateTimeOffset>(4)));

        found.Sort((one, other) => one.Id.CompareTo(other.Id));
        return found;
    }

    [LoggerMessage(
        Level = LogLevel.Error, Message = "What waits as {Kind} cannot be judged, {Count} at once")]
    private partial void Fails(Exception trouble, string kind, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What waits as {Kind} is judged later")]
    private partial void Later(Exception trouble, string kind);
}
