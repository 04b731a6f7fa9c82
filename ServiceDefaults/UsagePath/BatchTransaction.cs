using Npgsql;

namespace Billing.ServiceDefaults.UsagePath;

/// <summary>
/// One transaction of the usage path: effects, then the facts that they cause, numbered, then the commit.
/// What was sent is handed to the relay when the commit has succeeded, never before.
/// </summary>
public sealed class BatchTransaction : IAsyncDisposable
{
    private readonly List<OutgoingFact> _facts = [];
    private readonly Func<BatchTransaction, CancellationToken, Task> _commit;
    private readonly Func<ValueTask> _release;

    internal BatchTransaction(
        NpgsqlConnection connection, Func<BatchTransaction, CancellationToken, Task> commit,
        Func<ValueTask> release, object? session = null) =>
        (Connection, _commit, _release, Session) = (connection, commit, release, session);

    /// <summary>
    /// In the transaction. Whoever changes something takes locks in the order of docs/adr/0005.
    /// </summary>
    public NpgsqlConnection Connection { get; }

    /// <summary>What the service opened the transaction with, where that is not the connection.</summary>
    public object? Session { get; }

    internal IReadOnlyList<OutgoingFact> Facts => _facts;

    /// <summary>Each lane's facts keep the order of these calls.</summary>
    public void Send(OutgoingFact fact) => _facts.Add(fact);

    /// <summary>Numbers and stores the facts, commits, hands them to the relay.</summary>
    public Task Commit(CancellationToken cancellation) => _commit(this, cancellation);

    /// <summary>Undoes everything, unless it was committed.</summary>
    public ValueTask DisposeAsync() => _release();
}

/// <summary>
/// Opens the transaction of a batch. A service may register one that opens a session of its own.
/// </summary>
public delegate Task<BatchTransaction> OpenBatch(CancellationToken cancellation);
