using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten.Events;
using Marten.Services;
using Npgsql;

namespace Marten.Sessions;

/// <summary>A unit of work: everything pending is written in one transaction, in one round trip if no inline
/// projection needs to read between.</summary>
internal sealed class DocumentSession : QuerySession, IDocumentSession
{
    private readonly DocumentStore store;
    private readonly List<Operation> operations = [];
    private readonly Dictionary<string, object> headers = [];

    public DocumentSession(DocumentStore store, SessionOptions options)
        : base(store, options)
    {
        this.store = store;
        Appends = new(this);
        Listeners = [.. store.Parts.Options.Listeners, .. options.Listeners];
    }

    public EventOperations Appends { get; }
    public override Events.IQueryEventStore Events => Appends;
    public IList<IDocumentSessionListener> Listeners { get; }
    public string? LastModifiedBy { get; set; }

    /// <summary>Set by the daemon where an event may be passed over.</summary>
    public Action<IEvent, Exception>? SkipApplyError { get; init; }

    /// <summary>Are told around this session's commit, and about nothing else.</summary>
    public List<IChangeListener> CommitListeners { get; } = [];

    Events.IEventStoreOperations IDocumentOperations.Events => Appends;

    public void Store<T>(params T[] entities)
        where T : notnull => Store((IEnumerable<T>)entities);

    public void Store<T>(IEnumerable<T> entities)
        where T : notnull
    {
        var table = Parts.Table(typeof(T));
        foreach (var entity in entities) operations.Add(Operation.Store(table, entity, Parts.Options.Json));
    }

    public void Delete<T>(T entity)
        where T : notnull
    {
        var table = Parts.Table(typeof(T));
        operations.Add(Operation.Delete(table, table.IdOf(entity), entity));
    }

    public void Delete<T>(string id)
        where T : notnull => operations.Add(Operation.Delete(Parts.Table(typeof(T)), id, id));

    public void Delete<T>(Guid id)
        where T : notnull => operations.Add(Operation.Delete(Parts.Table(typeof(T)), id, id));

    public void QueueSqlCommand(string sql, params object[] parameterValues) =>
        QueueSqlCommand('?', sql, parameterValues);

    public void QueueSqlCommand(char placeholder, string sql, params object[] parameterValues) =>
        operations.Add(Operation.Sql(placeholder, sql, parameterValues));

    /// <summary>Ahead of everything else that is pending.</summary>
    public void First(Operation operation) => operations.Insert(0, operation);

    public void SetHeader(string key, object value) => headers[key] = value;

    public object? GetHeader(string key) => headers.GetValueOrDefault(key);

    public async ValueTask BeginTransactionAsync(CancellationToken token)
    {
        await store.EnsureSchema(token);
        await Link.Begin(token);
    }

    public void EjectAllPendingChanges()
    {
        operations.Clear();
        Appends.Clear();
    }

    public async Task SaveChangesAsync(CancellationToken token = default)
    {
        if (operations.Count == 0 && Appends.Streams.All(stream => stream.Events.Count == 0)) return;

        var keep = operations.Count;
        try
        {
            foreach (var listener in Listeners) await listener.BeforeSaveChangesAsync(this, token);
            await store.EnsureSchema(token);
            await Link.Begin(token);
            var streams = await Write(token);
            var changes = new Changes(streams, [.. operations]);
            foreach (var listener in Told()) await listener.BeforeCommitAsync(this, changes, token);
            await Link.Commit(token);
            if (Link.Commits) Parts.Recent.Add(streams);
            await Saved(changes, token);
        }
        catch (Exception failure)
        {
            // What listeners and inline projections have added is added again by another attempt.
            if (operations.Count > keep) operations.RemoveRange(keep, operations.Count - keep);
            await Link.RollBack();
            if (failure is NpgsqlException refused) throw Refusals.Of(refused, Appends.Streams);

            throw;
        }
    }

    private IEnumerable<IChangeListener> Told() => [.. Listeners, .. CommitListeners];

    private async Task Saved(Changes changes, CancellationToken token)
    {
        EjectAllPendingChanges();

        // In the caller's transaction they are on their way: the daemon then looks more often for a while.
        if (changes.Streams.Count > 0) Parts.Appended.Set();
        if (!Link.Commits) return;

        foreach (var listener in Told()) await listener.AfterCommitAsync(this, changes, token);
    }

    /// <summary>The streams with their events, numbered.</summary>
    private async Task<IReadOnlyList<StreamAction>> Write(CancellationToken token)
    {
        List<StreamAction> streams = [.. Appends.Streams.Where(stream => stream.Events.Count > 0)];
        var mode = Parts.Options.Events.AppendMode;
        Prepare(streams, mode);
        var inline = Parts.Options.Projections.Sources
            .Where(source => source.Settings.Lifecycle == ProjectionLifecycle.Inline).ToList();
        if (streams.Count == 0 || inline.Count == 0)
        {
            if (await Append(streams, operations, token) is { } all) all.Assign(streams);
            return streams;
        }

        // The streams are locked first, so that two writers' inline projections of one stream take turns.
        var numbers = (await Append(streams, [], token))!;
        if (mode == EventAppendMode.Rich) numbers.Assign(streams);
        List<IEvent> events = [.. streams.SelectMany(stream => stream.Events)];
        foreach (var source in inline) await source.Projection!.ApplyAsync(this, events, token);
        if (operations.Count > 0) await Execute(null, AppendCopy.Read, operations, token);
        numbers.Assign(streams);

        return streams;
    }

    private void Prepare(IEnumerable<StreamAction> streams, EventAppendMode mode)
    {
        DateTimeOffset? now = mode == EventAppendMode.Quick
            ? null : Parts.Options.Events.TimeProvider.GetUtcNow();
        var types = Parts.Options.EventOptions.Types;
        foreach (var e in streams.SelectMany(stream => stream.Events))
        {
            var known = types.Of(e.EventType);
            (e.EventTypeName, e.DotNetTypeName) = (known.Name, known.DotNetName);
            if (e.Id == Guid.Empty) e.Id = Guid.CreateVersion7();
            if (mode == EventAppendMode.Quick) e.Timestamp = default;
            else if (e.Timestamp == default) e.Timestamp = now!.Value;
            e.CausationId ??= CausationId;
            e.CorrelationId ??= CorrelationId;
            e.UserName ??= LastModifiedBy;
            foreach (var (key, value) in headers) e.SetHeader(key, value);
        }
    }

    /// <summary>Null where there are no streams.</summary>
    private async Task<AppendStatement.Numbers?> Append(
        List<StreamAction> streams, List<Operation> rest, CancellationToken token)
    {
        if (!AppendCopy.IsFor(streams))
            return await Execute(
                streams.Count > 0 ? Parts.Append.For(streams) : null, AppendStatement.Read, rest, token);

        var numbers = await Execute(Parts.Copy.Take(streams), AppendCopy.Read, [], token);
        await Parts.Copy.Write(Link.Kept, streams, numbers!, token);
        if (rest.Count > 0) await Execute(null, AppendCopy.Read, rest, token);

        return numbers;
    }

    /// <param name="read">What the append answers.</param>
    private async Task<AppendStatement.Numbers?> Execute(
        NpgsqlBatchCommand? append, Func<NpgsqlDataReader, AppendStatement.Numbers> read,
        List<Operation> rest, CancellationToken token)
    {
        await using var batch = Link.Batch();
        if (append is not null) batch.BatchCommands.Add(append);
        foreach (var operation in rest) batch.BatchCommands.Add(operation.Command);

        AppendStatement.Numbers? numbers = null;
        await using (var rows = await batch.ExecuteReaderAsync(token))
        {
            if (append is not null && await rows.ReadAsync(token)) numbers = read(rows);
            while (await rows.NextResultAsync(token))
            {
            }
        }

        // A statement without rows may be a lost race: it is seen here, before the commit.
        foreach (var operation in rest) operation.Check?.Invoke(operation.Command.Rows);

        return numbers;
    }
}
