using System.Runtime.InteropServices;
using Billing.ServiceDefaults.Database;
using Npgsql;
using NpgsqlTypes;

namespace Billing.Ingestion.Usage;

/// <summary>
/// The keys that one batch touches: collected from its candidates, inserted or found by one call of
/// <c>take_usage_keys</c>, then in the state that deciding gives them.
/// </summary>
/// <param name="areLikelyNew">That none is there yet costs less to find out.</param>
public sealed class UsageKeys(DateTimeOffset now, int capacity, bool areLikelyNew = false)
{
    private const string Take =
        "select source_id, id, digest, state, revision, tenant_id, received_at "
        + "from take_usage_keys($1, $2, $3, $4, $5, $6, $7, $8)";

    private const string Look =
        """
        select k.source_id, k.id, k.digest, k.state, k.revision, k.tenant_id, k.received_at
        from unnest($1, $2) as g (s, i) cross join lateral (
            select * from usage_keys k where k.source_id = g.s and k.id = g.i
            order by k.source_id, k.id for update) k
        """;

    private readonly Dictionary<UsageKey, KeyRow> _rows = new(capacity);
    private readonly HashSet<UsageKey> _onlyLooked = [];

    /// <summary>After <see cref="Fetch"/>: none of them was there before.</summary>
    public bool AreAllNew { get; private set; } = true;

    public IEnumerable<KeyRow> Rows => _rows.Values;

    public KeyRow? Find(UsageKey key) => _rows.GetValueOrDefault(key);

    /// <summary>In the order of deciding.</summary>
    public void Add(Candidate candidate)
    {
        // Refused at once: leaves no row, but may be the resend of what was taken when it still could be.
        if (candidate.Judgment.IsRefused)
        {
            if (!_rows.ContainsKey(candidate.Key)) _onlyLooked.Add(candidate.Key);
            return;
        }

        var row = Row(candidate.Key);
        if (row is { TakenBy: KeyRow.Nobody, State: UsageState.Awaited }) TakeFor(candidate, row);
        if (candidate.OriginalKey is { } original) Row(original).IsLocked = true;
    }

    /// <summary>The candidate's event is what the key stands for from now on.</summary>
    public void TakeFor(Candidate candidate, KeyRow row)
    {
        row.TakenBy = candidate.Place;
        row.Digest = candidate.Digest;
        row.State = candidate.StateIfTaken;
        row.Tenant = candidate.Usage.Tenant.ToString();
        row.ReceivedAt = now;
    }

    /// <summary>
    /// One round trip. Afterwards rows that were there before are as they were, and all are held.
    /// </summary>
    public async Task Fetch(NpgsqlConnection connection, CancellationToken cancellation)
    {
        if (_rows.Count > 0)
        {
            await using var take = new NpgsqlCommand(Take, connection);
            var rows = AddParameters(take.Parameters);
            take.Parameters.Add(new() { Value = Array.ConvertAll(rows, row => row.IsLocked) });
            take.Parameters.Add(new() { Value = areLikelyNew });
            await Read(take, cancellation);
        }

        _onlyLooked.RemoveWhere(_rows.ContainsKey);
        if (_onlyLooked.Count > 0) await Hold(_onlyLooked, connection, cancellation);
    }

    /// <summary>
    /// Instead of <see cref="Fetch"/>, where all are new: they are inserted with the commit, which fails
    /// where one is not. Each of them then has an event that is kept.
    /// </summary>
    /// <returns>False where looking at one of them is needed.</returns>
    public bool MayGoUnseen() =>
        _onlyLooked.Count == 0 && !_rows.Values.Any(row => row.IsLocked);

    /// <summary>It was there before, after <see cref="MayGoUnseen"/>.</summary>
    public static bool IsKnown(PostgresException refused) =>
        refused is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "usage_keys_pkey" };

    /// <summary>Locks rows that are known to be there, in their order.</summary>
    public async Task Hold(
        IEnumerable<UsageKey> keys, NpgsqlConnection connection, CancellationToken cancellation)
    {
        var sorted = keys.ToArray();
        Array.Sort(sorted, UsageKey.Order);
        await using var look = new NpgsqlCommand(Look, connection)
        {
            Parameters = { Columns.Of(sorted, key => key.SourceId), Columns.Of(sorted, key => key.Id) },
        };
        await Read(look, cancellation);
    }

    private KeyRow Row(UsageKey key)
    {
        ref var row = ref CollectionsMarshal.GetValueRefOrAddDefault(_rows, key, out _);
        return row ??= new(key) { ReceivedAt = now };
    }

    private async Task Read(NpgsqlCommand command, CancellationToken cancellation)
    {
        await command.PrepareAsync(cancellation);
        await using var found = await command.ExecuteReaderAsync(cancellation);
        while (await found.ReadAsync(cancellation))
        {
            var row = Row(new(found.GetInt32(0), found.GetString(1)));
            row.Digest = found.GetGuid(2);
            row.State = (UsageState)found.GetInt16(3);
            row.Revision = found.GetInt32(4);
            row.Tenant = found.GetString(5);
            row.ReceivedAt = found.GetFieldValue<DateTimeOffset>(6);
            row.TakenBy = KeyRow.Nobody;
            AreAllNew = false;
        }
    }

    private KeyRow[] AddParameters(NpgsqlParameterCollection parameters)
    {
        var rows = new KeyRow[_rows.Count];
        _rows.Values.CopyTo(rows, 0);
        Array.Sort(rows, (left, right) => UsageKey.Order(left.Key, right.Key));

        parameters.Add(new() { Value = Array.ConvertAll(rows, row => row.Key.SourceId) });
        parameters.Add(new() { Value = Array.ConvertAll(rows, row => row.Key.Id) });
        parameters.Add(new() { Value = Array.ConvertAll(rows, row => row.Digest) });
        parameters.Add(new() { Value = Array.ConvertAll(rows, row => (short)row.State) });
        parameters.Add(new() { Value = Array.ConvertAll(rows, row => row.Tenant) });
        parameters.Add(new() { Value = now, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        return rows;
    }
}
