using Npgsql;

namespace Billing.ServiceDefaults.UsagePath;

/// <summary>
/// One transaction of the usage path: effects, then the facts that they cause, numbered, then the commit.
/// What was sent is handed to the relay when the commit has succeeded, never before.
/// </summary>
public sealed class BatchTransaction : IAsyncDisposable
{
    private readonly List<OutgoingFact> _facts = [];
    private readonly List<NpgsqlBatchCommand> _last = [];
    private readonly List<Action> _committed = [];
    private readonly Func<BatchTransaction, CancellationToken, Task> _commit;
    private readonly Func<ValueTask> _release;
    private readonly NpgsqlConnection _connection;
    private Action? _begin;

    /// <param name="begin">Where the transaction begins with the first use of its connection.</param>
    internal BatchTransaction(
        NpgsqlConnection connection, Func<BatchTransaction, CancellationToken, Task> commit,
        Func<ValueTask> release, object? session = null, Action? begin = null) =>
        (_connection, _commit, _release, Session, _begin) = (connection, commit, release, session, begin);

    /// <summary>
    /// In the transaction. Whoever changes something takes locks in the order of docs/adr/0005.
    /// </summary>
    public NpgsqlConnection Connection
    {
        get
        {
            if (_begin is not { } begin) return _connection;

            _begin = null;
            begin();
            return _connection;
        }
    }

    /// <summary>
    /// As long as nobody has looked at anything: what is written then goes in one message, which is a
    /// transaction of its own. PostgreSQL answers a begin at once, and who waits is woken for nothing.
    /// </summary>
    internal NpgsqlConnection? NotBegun => _begin is null ? null : _connection;

    /// <summary>What the service opened the transaction with, where that is not the connection.</summary>
    public object? Session { get; }

    internal IReadOnlyList<OutgoingFact> Facts => _facts;

    internal IReadOnlyList<NpgsqlBatchCommand> Last => _last;

    /// <summary>Each lane's facts keep the order of these calls.</summary>
    public void Send(OutgoingFact fact) => _facts.Add(fact);

    /// <summary>
    /// A statement whose answer nobody needs. It travels with the facts and the commit, before them and in
    /// the order of these calls, so that it costs no round trip of its own; what is wrong with it, the commit
    /// throws.
    /// </summary>
    public void Write(NpgsqlBatchCommand command) => _last.Add(command);

    /// <summary>Now, what <see cref="Write"/> has kept for the commit.</summary>
    internal async Task WriteNow(CancellationToken cancellation)
    {
        if (_last.Count == 0) return;

        await using var batch = new NpgsqlBatch(Connection);
        foreach (var command in _last) batch.BatchCommands.Add(command);
        await batch.PrepareAsync(cancellation);
        await batch.ExecuteNonQueryAsync(cancellation);
        _last.Clear();
    }

    /// <summary>What holds only if the transaction does: memories and measurements.</summary>
    public void WhenCommitted(Action then) => _committed.Add(then);

    /// <summary>Numbers and stores the facts, commits, hands them to the relay.</summary>
    public async Task Commit(CancellationToken cancellation)
    {
        await _commit(this, cancellation);
        foreach (var then in _committed) then();
    }

    /// <summary>Undoes everything, unless it was committed.</summary>
    public ValueTask DisposeAsync() => _release();
}

/// <summary>
/// Opens the transaction of a batch. A service may register one that opens a session of its own.
/// </summary>
public delegate Task<BatchTransaction> OpenBatch(CancellationToken cancellation);
