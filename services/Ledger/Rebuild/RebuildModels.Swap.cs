using Billing.Ledger.Projections;
using Npgsql;

namespace Billing.Ledger.Rebuild;

internal sealed partial class RebuildModels
{
    private async Task Swap(
        ShadowTables shadows, IReadOnlySet<string> differing, NpgsqlConnection connection,
        CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await SwapNow(shadows, differing, connection, cancellation);
                await shadows.Remove(cancellation);
                return;
            }
            catch (PostgresException busy) when (
                attempt < Attempts && busy.SqlState is "55P03" or "40P01" or "57014")
            {
                // Somebody's question is in the way; waiting longer would hold up the questions behind us.
                await Task.Delay(Pause, time, cancellation);
            }
        }
    }

    private async Task SwapNow(
        ShadowTables shadows, IReadOnlySet<string> differing, NpgsqlConnection connection,
        CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var patience = new NpgsqlCommand("set local lock_timeout = '500ms'", connection);
        await patience.ExecuteNonQueryAsync(cancellation);
        await using var still = new NpgsqlCommand(
            "select from public.ledger_models order by name for update", connection);
        await still.ExecuteNonQueryAsync(cancellation);

        var (position, target) = (_position, await Target(connection, cancellation));
        var asLive = new FillAsLive(models);
        while (position < target)
        {
            var page = await StoredEvents.Page(position, target, (int)Near, connection, cancellation);
            await asLive.Take(page, connection, cancellation);
            position = page.Ceiling;
        }

        await shadows.Swap(differing, cancellation);
        await transaction.CommitAsync(cancellation);
        _position = target;
    }
}
