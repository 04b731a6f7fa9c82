using System.Collections.Concurrent;
using Billing.ServiceDefaults.Database;
using Npgsql;

namespace Billing.ServiceDefaults.UsagePath;

/// <summary>Makes transactions of the usage path, as the writer.</summary>
public sealed class BatchTransactions(ServiceDatabase database, SendFacts send) : IAsyncDisposable
{
    // Giving a connection back to the pool resets it, which costs PostgreSQL as much as a small transaction;
    // and the pool would take turns, so that each of its connections had to plan everything for itself.
    private const int MostKept = 2;

    private readonly ConcurrentStack<NpgsqlConnection> _kept = [];
    private volatile bool _isDisposed;

    /// <summary>
    /// A plain transaction. Its commit travels with the facts, so that both cost one round trip. What it sets
    /// it sets for itself only: the connection is used again as it is.
    /// </summary>
    public async Task<BatchTransaction> Begin(CancellationToken cancellation)
    {
        if (!_kept.TryPop(out var connection))
            connection = await database.Writer.OpenConnectionAsync(cancellation);
        try
        {
            NpgsqlTransaction? transaction = null;
            return new(connection, async (batch, token) =>
            {
                var numbered = await send.NumberAndCommit(batch, token);
                send.HandOver(numbered);
            }, async () =>
            {
                // Undoes what was not committed: a look that found nothing to do, for the most part.
                var isUndone = false;
                try
                {
                    if (transaction is not null) await transaction.DisposeAsync();
                    isUndone = connection.FullState == System.Data.ConnectionState.Open;
                }
                finally
                {
                    await Leave(connection, isUndone);
                }
                // The driver sends its begin along with the first statement.
            }, begin: () => transaction = connection.BeginTransaction());
        }
        catch
        {
            await Leave(connection, isGood: false);
            throw;
        }
    }

    /// <summary>
    /// The transaction of a session that commits by itself: Marten's <c>SaveChangesAsync</c>, for example.
    /// </summary>
    public BatchTransaction Enlist(
        NpgsqlConnection connection, Func<CancellationToken, Task> commit, Func<ValueTask> release,
        object session) => new(connection, async (batch, token) =>
        {
            await batch.WriteNow(token);
            var numbered = await send.Number(connection, batch.Facts, token);
            await commit(token);
            send.HandOver(numbered);
        }, release, session);

    public async ValueTask DisposeAsync()
    {
        _isDisposed = true;
        await Forget();
    }

    private async ValueTask Leave(NpgsqlConnection connection, bool isGood)
    {
        if (isGood && !_isDisposed && _kept.Count < MostKept)
        {
            _kept.Push(connection);
            return;
        }

        await connection.DisposeAsync();
        // What ended this one may have ended the others.
        if (!isGood) await Forget();
    }

    private async Task Forget()
    {
        while (_kept.TryPop(out var kept)) await kept.DisposeAsync();
    }
}
