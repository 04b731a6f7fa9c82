using Npgsql;
using NpgsqlTypes;
using Wolverine.Persistence.Durability;
using Wolverine.RDBMS;
using Wolverine.Runtime.Persistence;

namespace Wolverine.Postgresql;

/// <summary>
/// The inbox, the dead letters and the nodes in PostgreSQL. Whose turn it is, rows decide; whether a node
/// lives, the database's clock.
/// </summary>
internal sealed class PostgresqlMessageStore(NpgsqlDataSource source, string schema, bool owned = false)
    : DurableStore, IMessageDatabase, IMessageStoreAdmin, IAsyncDisposable, IDisposable
{
    private const long MigrationLock = 0x776F6C7665;
    private const int FreedAtOnce = 10_000;

    private readonly string incoming = $"{schema}.wolverine_incoming_envelopes";
    private readonly string dead = $"{schema}.wolverine_dead_letters";
    private readonly string nodes = $"{schema}.wolverine_nodes";

    public override IMessageStoreAdmin Admin => this;

    /// <summary>The statement that puts messages into the inbox, and its parameters.</summary>
    public string InsertSql =>
        $"""
        insert into {incoming}
            (id, status, owner_id, execution_time, attempts, body, message_type, received_at)
        select * from unnest($1, $2, $3, $4, $5, $6, $7, $8)
        """;

    public string MarkSql =>
        $"""
        update {incoming} set status = 'Handled', owner_id = 0, keep_until = $3
        where id = any($1) and owner_id = $2 and status = 'Incoming'
        """;

    public string Incoming => incoming;

    public void Dispose()
    {
        if (owned) source.Dispose();
    }

    public ValueTask DisposeAsync() => owned ? source.DisposeAsync() : ValueTask.CompletedTask;

    public async Task MigrateAsync()
    {
        await using var connection = await source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await Do(connection, "select pg_advisory_xact_lock($1)", default, With(MigrationLock));
        await Script(connection, Schema.Create(schema));
        await transaction.CommitAsync();
    }

    public async Task RebuildAsync()
    {
        await using (var connection = await source.OpenConnectionAsync())
            await Script(connection, Schema.Drop(schema));

        await MigrateAsync();
    }

    public async Task ClearAllAsync()
    {
        await using var connection = await source.OpenConnectionAsync();
        await Script(connection, Schema.Clear(schema));
    }

    public async Task Insert(
        NpgsqlConnection connection, IReadOnlyList<Envelope> envelopes, CancellationToken cancellation) =>
        await Do(connection, InsertSql, cancellation, InsertParameters(envelopes));

    public static NpgsqlParameter[] InsertParameters(IReadOnlyList<Envelope> envelopes) =>
    [
        Array(envelopes, one => one.Id, NpgsqlDbType.Uuid),
        Array(envelopes, one => one.Status.ToString(), NpgsqlDbType.Text),
        Array(envelopes, one => one.OwnerId, NpgsqlDbType.Integer),
        Array(envelopes, one => one.ScheduledTime?.ToUniversalTime(), NpgsqlDbType.TimestampTz),
        Array(envelopes, one => one.Attempts, NpgsqlDbType.Integer),
        Array(envelopes, one => one.Body, NpgsqlDbType.Bytea),
        Array(envelopes, one => one.MessageType, NpgsqlDbType.Text),
        Array(envelopes, one => one.Destination?.ToString(), NpgsqlDbType.Text),
    ];

    public override async Task<int> Register(NodeInfo node, bool alone, CancellationToken cancellation)
    {
        await using var connection = await source.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        if (alone)
        {
            await Do(connection, $"delete from {nodes} where id <> $1", cancellation, With(node.Id));
            await Do(connection, $"update {incoming} set owner_id = 0 where owner_id <> 0", cancellation);
        }

        await using var command = Command(
            connection,
            $"""
            insert into {nodes} (id, description, uri, version) values ($1, $2, $3, $4)
            on conflict (id) do update set node_number = default, started = now(), health_check = now()
            returning node_number
            """,
            With(node.Id), With($"{node.Service} on {Environment.MachineName}"),
            With($"local://{node.Id}/"),
            Nullable(node.Version, NpgsqlDbType.Text));
        var number = (int)(await command.ExecuteScalarAsync(cancellation))!;
        await transaction.CommitAsync(cancellation);

        return number;
    }

    public override async Task<bool> SayAlive(Guid node, CancellationToken cancellation) =>
        await Alone(
            $"update {nodes} set health_check = now() where id = $1", cancellation,
            With(node)) == 1;

    public override async Task<int> FreeOrphans(Guid self, TimeSpan stale, CancellationToken cancellation)
    {
        await Alone(
            $"delete from {nodes} where health_check < now() - $1 and id <> $2", cancellation,
            With(stale), With(self));

        return await Alone(
            $"""
            with lost as (
                select id from {incoming} i
                where owner_id <> 0 and status = 'Incoming'
                    and not exists (select from {nodes} n where n.node_number = i.owner_id)
                limit {FreedAtOnce} for update skip locked)
            update {incoming} i set owner_id = 0 from lost where i.id = lost.id
            """, cancellation);
    }

    public override async Task Deregister(Guid node, int owner, CancellationToken cancellation)
    {
        await using var connection = await source.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await Do(
            connection, $"update {incoming} set owner_id = 0 where owner_id = $1 and owner_id <> 0",
            cancellation, With(owner));
        await Do(connection, $"delete from {nodes} where id = $1", cancellation, With(node));
        await transaction.CommitAsync(cancellation);
    }

    public override Task Store(IReadOnlyList<Envelope> envelopes, CancellationToken cancellation) =>
        Alone(InsertSql, cancellation, InsertParameters(envelopes));

    public override Task MarkHandled(
        IReadOnlyList<Guid> ids, int owner, DateTimeOffset keepUntil, CancellationToken cancellation) =>
        Alone(MarkSql, cancellation, Ids(ids), With(owner), At(keepUntil));

    public override async Task<bool> Complete(
        Guid id, int owner, DateTimeOffset keepUntil, IReadOnlyList<Envelope> sent,
        CancellationToken cancellation)
    {
        await using var connection = await source.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var marked = await Do(
            connection, MarkSql, cancellation, Ids([id]), With(owner), At(keepUntil));
        if (marked == 0) return false;

        await Insert(connection, sent, cancellation);
        await transaction.CommitAsync(cancellation);
        return true;
    }

    public override async Task Reschedule(
        Guid id, int owner, int attempts, DateTimeOffset at, CancellationToken cancellation) =>
        Ours(id, await Alone(
            $"""
            update {incoming} set status = 'Scheduled', owner_id = 0, attempts = $3, execution_time = $4
            where id = $1 and owner_id = $2 and status = 'Incoming'
            """,
            cancellation, With(id), With(owner), With(attempts), At(at)));

    public override async Task MoveToDeadLetters(
        Envelope envelope, int owner, Exception failure, CancellationToken cancellation)
    {
        NpgsqlParameter[] columns =
        [
            With(envelope.Id),
            With(owner),
            Nullable(envelope.ScheduledTime?.ToUniversalTime(), NpgsqlDbType.TimestampTz),
            Nullable(envelope.Body, NpgsqlDbType.Bytea),
            Nullable(envelope.MessageType, NpgsqlDbType.Text),
            Nullable(envelope.Destination?.ToString(), NpgsqlDbType.Text),
            Nullable(envelope.Source, NpgsqlDbType.Text),
            Nullable(failure.GetType().FullName, NpgsqlDbType.Text),
            With(failure.Message.Replace("\0", "", StringComparison.Ordinal)),
            Nullable(
                envelope.SentAt == default ? null : envelope.SentAt.ToUniversalTime(),
                NpgsqlDbType.TimestampTz),
        ];

        // A message that was only in memory has no row, and no owner.
        Ours(envelope.Id, await Alone(
            $"""
            with gone as (
                delete from {incoming} where id = $1 and owner_id = $2 and status = 'Incoming' returning id)
            insert into {dead} (
                id, execution_time, body, message_type, received_at, source, exception_type,
                exception_message, sent_at, replayable)
            select $1, $3, $4, $5, $6, $7, $8, $9, $10, false where $2 = 0 or exists (select from gone)
            """, cancellation, columns));
    }

    public override async Task<IReadOnlyList<StoredEnvelope>> TakeDue(
        DateTimeOffset now, IReadOnlyList<string> queues, int owner, int limit,
        CancellationToken cancellation)
    {
        var taken = await Take(
            "status = 'Scheduled' and execution_time <= $3 and received_at = any($4)", "execution_time, id",
            owner, limit, cancellation, At(now), Texts(queues));

        // What an update returns has no order.
        return [.. taken.OrderBy(one => one.ScheduledTime).ThenBy(one => one.Id)];
    }

    public override async Task<IReadOnlyList<string>> QueuesWithWork(CancellationToken cancellation)
    {
        await using var command = source.CreateCommand(
            $"select distinct received_at from {incoming} where status = 'Incoming' and owner_id = 0");
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var queues = new List<string>();
        while (await rows.ReadAsync(cancellation)) queues.Add(rows.GetString(0));

        return queues;
    }

    public override async Task<IReadOnlyList<StoredEnvelope>> TakeFree(
        string queue, int owner, int limit, CancellationToken cancellation)
    {
        var taken = await Take(
            "status = 'Incoming' and owner_id = 0 and received_at = $3", "id", owner, limit, cancellation,
            With(queue));
        return [.. taken.OrderBy(one => one.Id)];
    }

    public override async Task<IReadOnlySet<Guid>> StillOwned(
        IReadOnlyList<Guid> ids, int owner, CancellationToken cancellation) =>
        (await Found(
            $"select id from {incoming} where id = any($1) and owner_id = $2 and status = 'Incoming'",
            cancellation, Ids(ids), With(owner))).ToHashSet();

    public override async Task<IReadOnlyList<Guid>> OwnedBy(int owner, CancellationToken cancellation) =>
        await Found(
            $"select id from {incoming} where owner_id = $1 and owner_id <> 0 and status = 'Incoming'",
            cancellation, With(owner));

    public override Task Free(IReadOnlyList<Guid> ids, int owner, CancellationToken cancellation) =>
        Alone(
            $"""
            update {incoming} set owner_id = 0
            where id = any($1) and owner_id = $2 and status = 'Incoming'
            """, cancellation, Ids(ids), With(owner));

    public override Task<int> Replay(int limit, CancellationToken cancellation) =>
        Alone(
            $"""
            with replayed as (
                delete from {dead} where id in (
                    select id from {dead} where replayable = true limit $1 for update skip locked)
                returning *)
            insert into {incoming} (id, status, owner_id, attempts, body, message_type, received_at)
            select id, 'Incoming', 0, 0, body, message_type, received_at from replayed
            on conflict (id) do update set status = 'Incoming', owner_id = 0, attempts = 0
            """, cancellation, With(limit));

    public override Task<int> ForgetHandled(DateTimeOffset now, int limit, CancellationToken cancellation) =>
        Alone(
            $"""
            delete from {incoming} where id in (
                select id from {incoming} where status = 'Handled' and keep_until <= $1
                limit $2 for update skip locked)
            """, cancellation, At(now), With(limit));

    private async Task<List<StoredEnvelope>> Take(
        string which, string order, int owner, int limit, CancellationToken cancellation,
        params NpgsqlParameter[] more)
    {
        await using var connection = await source.OpenConnectionAsync(cancellation);
        await using var command = Command(
            connection,
            $"""
            with mine as (
                select id from {incoming} where {which} order by {order} limit $2 for update skip locked)
            update {incoming} i set status = 'Incoming', owner_id = $1 from mine where i.id = mine.id
            returning i.id, i.message_type, i.received_at, i.body, i.attempts, i.execution_time
            """, [With(owner), With(limit), .. more]);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var taken = new List<StoredEnvelope>();
        while (await rows.ReadAsync(cancellation))
            taken.Add(new(
                rows.GetGuid(0), rows.GetString(1), rows.GetString(2), rows.GetFieldValue<byte[]>(3),
                rows.GetInt32(4), rows.IsDBNull(5) ? null : rows.GetFieldValue<DateTimeOffset>(5)));

        return taken;
    }

    private async Task<List<Guid>> Found(
        string sql, CancellationToken cancellation, params NpgsqlParameter[] parameters)
    {
        await using var connection = await source.OpenConnectionAsync(cancellation);
        await using var command = Command(connection, sql, parameters);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var found = new List<Guid>();
        while (await rows.ReadAsync(cancellation)) found.Add(rows.GetGuid(0));

        return found;
    }

    private async Task<int> Alone(
        string sql, CancellationToken cancellation, params NpgsqlParameter[] parameters)
    {
        await using var connection = await source.OpenConnectionAsync(cancellation);
        return await Do(connection, sql, cancellation, parameters);
    }

    private static async Task<int> Do(
        NpgsqlConnection connection, string sql, CancellationToken cancellation,
        params NpgsqlParameter[] parameters)
    {
        await using var command = Command(connection, sql, parameters);
        return await command.ExecuteNonQueryAsync(cancellation);
    }

    private static async Task Script(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static NpgsqlCommand Command(
        NpgsqlConnection connection, string sql, params NpgsqlParameter[] parameters)
    {
        var command = new NpgsqlCommand(sql, connection);
        command.Parameters.AddRange(parameters);
        return command;
    }

    private static void Ours(Guid id, int rows)
    {
        if (rows == 0) throw new NotOurMessageException(id);
    }

    private static NpgsqlParameter With(object value) => new() { Value = value };

    private static NpgsqlParameter Ids(IReadOnlyList<Guid> ids) =>
        new() { Value = ids.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid };

    private static NpgsqlParameter Texts(IReadOnlyList<string> texts) =>
        new() { Value = texts.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };

    private static NpgsqlParameter At(DateTimeOffset moment) => With(moment.ToUniversalTime());

    private static NpgsqlParameter Nullable(object? value, NpgsqlDbType type) =>
        new() { Value = value ?? DBNull.Value, NpgsqlDbType = type };

    private static NpgsqlParameter Array<T>(
        IReadOnlyList<Envelope> envelopes, Func<Envelope, T> part, NpgsqlDbType type) =>
        new() { Value = envelopes.Select(part).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | type };
}
