using System.Collections.Concurrent;
using Billing.ServiceDefaults.Database;

namespace Billing.Ingestion.Usage;

/// <summary>
/// Sources by their numbers. A new one is committed by itself, before the batch that brings it: a number that
/// was remembered must not be undone.
/// </summary>
public sealed class UsageSources(ServiceDatabase database)
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

    /// <summary>After <see cref="Learn"/> of the same name.</summary>
    public int this[string name] => _ids[name];

    public async Task Learn(IEnumerable<string?> names, DateTimeOffset now, CancellationToken cancellation)
    {
        HashSet<string>? unknown = null;
        foreach (var name in names)
            if (name is not null && !_ids.ContainsKey(name))
                (unknown ??= new(StringComparer.Ordinal)).Add(name);
        if (unknown is null) return;

        // Forgetting would take a name away from a batch at work, so what is known stays; a name more than
        // usual costs a hundred bytes.
        string[] all = [.. unknown.Order(StringComparer.Ordinal)];
        await using var batch = database.Writer.CreateBatch();
        batch.BatchCommands.Add(new(Put)
        {
            Parameters = { new() { Value = all }, new() { Value = now } },
        });
        batch.BatchCommands.Add(new(Find) { Parameters = { new() { Value = all } } });
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        while (await rows.ReadAsync(cancellation)) _ids[rows.GetString(0)] = rows.GetInt32(1);
    }
}
