using Billing.ServiceDefaults.Database;
using Npgsql;

namespace Billing.ServiceDefaults.UsagePath;

/// <summary>Makes transactions of the usage path, as the writer.</summary>
public sealed class BatchTransactions(ServiceDatabase database, SendFacts send)
{
    /// <summary>
    /// A plain transaction. Its commit travels with the facts, so that both cost one round trip.
    /// </summary>
    public async Task<BatchTransaction> Begin(CancellationToken cancellation)
    {
        var connection = await database.Writer.OpenConnectionAsync(cancellation);
        try
        {
            // The driver sends its begin along with the first statement.
            var transaction = await connection.BeginTransactionAsync(cancellation);
            return new(connection, Commit, async () =>
            {
                await transaction.DisposeAsync();
                await connection.DisposeAsync();
            });
        }
        catch
        {
            await connection.DisposeAsync();
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
            var numbered = await send.Number(connection, batch.Facts, token);
            await commit(token);
            send.HandOver(numbered);
        }, release, session);

    private async Task Commit(BatchTransaction batch, CancellationToken cancellation) =>
        send.HandOver(await send.NumberAndCommit(batch.Connection, batch.Facts, cancellation));
}
