using System.Collections.Concurrent;
using Billing.ServiceDefaults.Database;
using Dapper;
using Npgsql;

namespace Billing.ServiceDefaults.ApiKeys;

/// <summary>A producer's key as it is kept.</summary>
/// <param name="Subject">Who sends with it.</param>
/// <param name="Sources">The CloudEvents sources that it may speak for; never empty.</param>
/// <param name="LastUsedOn">UTC; a day is enough to find keys that nobody uses.</param>
public sealed record StoredApiKey(
    string Id, byte[] SecretHash, string Name, string Subject, IReadOnlyList<string> Sources,
    DateTimeOffset CreatedAt, string CreatedBy, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt,
    DateOnly? LastUsedOn)
{
    public bool IsGoodAt(DateTimeOffset now) => RevokedAt is null && (ExpiresAt is not { } end || now < end);
}

/// <summary>
/// The table api_keys. What was found is kept for a moment, so a revoked key works at most that long.
/// </summary>
public sealed class ApiKeyStore(ServiceDatabase database, TimeProvider time, RememberedCallers remembered)
{
    public static readonly TimeSpan Kept = TimeSpan.FromSeconds(5);

    private const int MostKept = 10_000;

    private const string Columns =
        "id, secret_hash, name, subject, sources, created_at, created_by, expires_at, revoked_at, "
        + "last_used_on";

    private readonly ConcurrentDictionary<string, (StoredApiKey Key, DateTimeOffset Until)> _kept =
        new(StringComparer.Ordinal);

    public async Task<StoredApiKey?> Find(string id, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (_kept.TryGetValue(id, out var kept) && now < kept.Until) return kept.Key;

        await using var command =
            database.Staff.CreateCommand($"select {Columns} from api_keys where id = $1");
        command.Parameters.Add(new() { Value = id });
        if ((await Read(command, cancellationToken)).SingleOrDefault() is not { } found) return null;

        if (_kept.Count >= MostKept) _kept.Clear();
        _kept[id] = (found, now + Kept);
        return found;
    }

    /// <summary>Until then it need not be looked at again; null: at once.</summary>
    public DateTimeOffset? BelievedUntil(StoredApiKey key) =>
        !_kept.TryGetValue(key.Id, out var kept) || kept.Key != key ? null
        : key.ExpiresAt is { } end && end < kept.Until ? end
        : kept.Until;

    public async Task<IReadOnlyList<StoredApiKey>> All(CancellationToken cancellationToken)
    {
        await using var command = database.Staff.CreateCommand(
            $"select {Columns} from api_keys order by created_at desc, id");
        return await Read(command, cancellationToken);
    }

    public async Task Add(StoredApiKey key, CancellationToken cancellationToken)
    {
        await using var connection = await database.Writer.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            insert into api_keys (id, secret_hash, name, subject, sources, created_at, created_by, expires_at)
            values (@Id, @SecretHash, @Name, @Subject, @Sources, @CreatedAt, @CreatedBy, @ExpiresAt)
            """,
            new
            {
                key.Id,
                key.SecretHash,
                key.Name,
                key.Subject,
                Sources = key.Sources.ToArray(),
                key.CreatedAt,
                key.CreatedBy,
                key.ExpiresAt,
            },
            cancellationToken: cancellationToken));
    }

    /// <summary>False when there is no such key. A key revoked before stays as it was revoked.</summary>
    public async Task<bool> Revoke(string id, string by, CancellationToken cancellationToken)
    {
        await using var connection = await database.Writer.OpenConnectionAsync(cancellationToken);
        var found = await connection.ExecuteAsync(new CommandDefinition(
            """
            update api_keys
            set revoked_at = coalesce(revoked_at, @now), revoked_by = coalesce(revoked_by, @by)
            where id = @id
            """,
            new { id, by, now = time.GetUtcNow() }, cancellationToken: cancellationToken));
        _kept.TryRemove(id, out _);
        remembered.Forget();
        return found == 1;
    }

    /// <summary>One write for a key and day.</summary>
    public async Task NoteUse(StoredApiKey key, CancellationToken cancellationToken)
    {
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        if (key.LastUsedOn >= today) return;

        await using var connection = await database.Writer.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            update api_keys set last_used_on = @today
            where id = @id and (last_used_on is null or last_used_on < @today)
            """,
            new { key.Id, today = today.ToDateTime(TimeOnly.MinValue) },
            cancellationToken: cancellationToken));
        _kept.TryRemove(key.Id, out _);
    }

    private static async Task<List<StoredApiKey>> Read(
        NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var keys = new List<StoredApiKey>();
        while (await rows.ReadAsync(cancellationToken))
            keys.Add(new(
                rows.GetString(0), rows.GetFieldValue<byte[]>(1), rows.GetString(2), rows.GetString(3),
                rows.GetFieldValue<string[]>(4), rows.GetFieldValue<DateTimeOffset>(5), rows.GetString(6),
                rows.GetFieldValue<DateTimeOffset?>(7), rows.GetFieldValue<DateTimeOffset?>(8),
                rows.GetFieldValue<DateOnly?>(9)));
        return keys;
    }
}
