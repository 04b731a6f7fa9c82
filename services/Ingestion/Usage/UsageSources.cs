using System.Collections.Concurrent;
using Billing.ServiceDefaults.UsagePath;
using Npgsql;

namespace Billing.Ingestion.Usage;

/// <summary>
/// Sources by their numbers. A new one gets its number in the transaction that brings it, and is remembered
/// when that has committed: a number that was remembered must not be undone.
/// </summary>
public sealed class UsageSources
{
    /// <summary>Stands for what nobody can read.</summary>
    public const int Unreadable = 0;

    private const string Put =
        """
        insert into usage_sources (name, first_seen_at)
        select n, $2 from unnest($1) as g (n) where n not in (select name from usage_sources)
        order by n
        on conflict do nothing
        """;

    private const string Find = "select name, id from usage_sources where name = any ($1)";

    private readonly ConcurrentDictionary<string, int> _ids = new(StringComparer.Ordinal);

    /// <summary>The numbers of all these names, for this transaction.</summary>
    public async Task<SourceNumbers> Learn(
        IReadOnlyList<Arrival> arrivals, BatchTransaction transaction, DateTimeOffset now,
        CancellationToken cancellation)
    {
        HashSet<string>? unknown = null;
        foreach (var arrival in arrivals)
            if ((arrival.Event?.Source ?? arrival.Source) is { } name && !_ids.ContainsKey(name))
                (unknown ??= new(StringComparer.Ordinal)).Add(name);
        if (unknown is null) return new(_ids, null);

        var learnt = await Learn(
            [.. unknown.Order(StringComparer.Ordinal)], transaction.Connection, now, cancellation);
        // Forgetting would take a name away from a batch at work, so what is known stays; a name more than
        // usual costs a hundred bytes.
        transaction.WhenCommitted(() =>
        {
            foreach (var (name, id) in learnt) _ids[name] = id;
        });
        return new(_ids, learnt);
    }

    private static async Task<Dictionary<string, int>> Learn(
        string[] names, NpgsqlConnection connection, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(new(Put)
        {
            Parameters = { new() { Value = names }, new() { Value = now } },
        });
        batch.BatchCommands.Add(new(Find) { Parameters = { new() { Value = names } } });
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        var learnt = new Dictionary<string, int>(StringComparer.Ordinal);
        while (await rows.ReadAsync(cancellation)) learnt[rows.GetString(0)] = rows.GetInt32(1);
        return learnt;
    }
}

/// <summary>Numbers of sources as one transaction knows them.</summary>
public readonly struct SourceNumbers(
    ConcurrentDictionary<string, int> known, Dictionary<string, int>? learnt)
{
    public int this[string name] => learnt?.TryGetValue(name, out var id) == true ? id : known[name];
}
