using Marten.Services;
using Npgsql;

namespace Marten.Sessions;

/// <summary>
/// The connection behind a session: borrowed for one command at a time, or kept, once somebody has asked for
/// it or begun a transaction; or the caller's.
/// </summary>
internal sealed class SessionConnection : IAsyncDisposable, IDisposable
{
    private readonly NpgsqlDataSource source;
    private readonly SessionOptions options;
    private readonly int timeout;
    private NpgsqlConnection? kept;
    private NpgsqlTransaction? transaction;

    public SessionConnection(StoreOptions store, SessionOptions options)
    {
        source = store.DataSource!;
        this.options = options;
        timeout = options.Timeout ?? store.CommandTimeout;
        kept = options.Connection;
        transaction = options.Transaction;
    }

    public bool InTransaction => transaction is not null;

    /// <summary>False in the caller's transaction.</summary>
    public bool Commits => options.OwnsTransactionLifecycle;

    public NpgsqlConnection Kept
    {
        get
        {
            kept ??= source.CreateConnection();
            if (kept.State == System.Data.ConnectionState.Closed) kept.Open();

            return kept;
        }
    }

    public async Task<T> Run<T>(Func<NpgsqlConnection, Task<T>> read, CancellationToken token)
    {
        if (kept is not null)
        {
            await OpenKept(token);
            return await read(kept);
        }

        await using var borrowed = await source.OpenConnectionAsync(token);
        return await read(borrowed);
    }

    public async Task Begin(CancellationToken token)
    {
        if (transaction is not null) return;

        kept ??= source.CreateConnection();
        await OpenKept(token);
        transaction = await kept.BeginTransactionAsync(options.IsolationLevel, token);
    }

    public async Task Commit(CancellationToken token)
    {
        if (!Commits) return;

        await transaction!.CommitAsync(token);
        await End();
    }

    /// <summary>Not the caller's transaction; PostgreSQL lets nobody commit that after an error.</summary>
    public async Task RollBack()
    {
        if (!Commits || transaction is null) return;

        try
        {
            await transaction.RollbackAsync(CancellationToken.None);
        }
        catch (Exception broken) when (broken is NpgsqlException or InvalidOperationException)
        {
            // The connection is gone, and the transaction with it; the caller hears the first error.
        }

        await End();
    }

    public NpgsqlCommand Command(NpgsqlConnection connection, string sql) =>
        timeout > 0
            ? new NpgsqlCommand(sql, connection, transaction) { CommandTimeout = timeout }
            : new NpgsqlCommand(sql, connection, transaction);

    public NpgsqlBatch Batch()
    {
        var batch = new NpgsqlBatch(kept, transaction);
        if (timeout > 0) batch.Timeout = timeout;

        return batch;
    }

    public void Dispose()
    {
        if (Commits) transaction?.Dispose();
        if (options.Connection is null) kept?.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        if (Commits && transaction is not null) await transaction.DisposeAsync();
        if (options.Connection is null && kept is not null) await kept.DisposeAsync();
    }

    private async Task OpenKept(CancellationToken token)
    {
        if (kept!.State == System.Data.ConnectionState.Closed) await kept.OpenAsync(token);
    }

    private async Task End()
    {
        await transaction!.DisposeAsync();
        transaction = null;

        // Back to the pool, as the real package does, unless the connection is the caller's.
        if (options.Connection is not null) return;

        await kept!.DisposeAsync();
        kept = null;
    }
}
