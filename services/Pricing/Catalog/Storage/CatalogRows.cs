using Billing.Contracts;
using Billing.Contracts.Values;
using Npgsql;
using NpgsqlTypes;

namespace Billing.Pricing.Catalog.Storage;

/// <summary>Rows of <c>catalog_facts</c>, and the lock before them.</summary>
internal static class CatalogRows
{
    /// <summary>Until the transaction ends nobody else changes the catalog or rates in that lane.</summary>
    public static async Task Lock(
        NpgsqlConnection connection, TenantId? tenant, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        if (tenant is { } one)
        {
            // A lane that nobody has read yet has no row to lock.
            batch.BatchCommands.Add(Lane("insert into read_lanes (topic, lane) values ($1, $2) "
                + "on conflict do nothing", one));
            batch.BatchCommands.Add(Lane(
                "select 1 from read_lanes where topic = $1 and lane = $2 for update", one));
        }

        batch.BatchCommands.Add(new("select 1 from catalog_head for update"));
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>What came of a change; none where it is new, or changed nothing.</summary>
    public static async Task<List<StoredFact>> Find(
        NpgsqlConnection connection, Guid change, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "select number, fact_id, wire_name, body from catalog_facts where change_id = $1 order by number",
            connection)
        {
            Parameters = { new() { Value = change } },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var found = new List<StoredFact>();
        while (await rows.ReadAsync(cancellation))
            found.Add(new(
                rows.GetInt64(0), new(rows.GetGuid(1)),
                StoredCatalog.Message(rows.GetString(2), rows.GetFieldValue<byte[]>(3))));
        return found;
    }

    public static async Task Insert(
        NpgsqlConnection connection, Guid change, CatalogChange.Done done, CancellationToken cancellation)
    {
        var facts = done.Facts;
        var about = facts.Select(fact => CatalogFacts.About(fact.Message, done.Catalog.State)).ToList();
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new(
                    """
                    insert into catalog_facts
                        (number, fact_id, change_id, wire_name, key, tenant_id, body, actor, reason, at)
                    select number, fact_id, $1, wire_name, key, tenant_id, body, actor, reason, at
                    from unnest($2, $3, $4, $5, $6, $7, $8, $9, $10)
                        as f (number, fact_id, wire_name, key, tenant_id, body, actor, reason, at)
                    """)
                {
                    Parameters =
                    {
                        new() { Value = change },
                        new() { Value = facts.Select(fact => fact.Number).ToArray() },
                        new() { Value = facts.Select(fact => fact.Id.Value).ToArray() },
                        Texts(facts.Select(fact => WireNames.Of(fact.Message.GetType()))),
                        Texts(about.Select(one => one.Key)),
                        Texts(about.Select(one => one.Tenant?.ToString())),
                        new() { Value = facts.Select(fact => ContractsJson.Write(fact.Message)).ToArray() },
                        Texts(about.Select(one => one.Decision.Actor)),
                        Texts(about.Select(one => one.Decision.Reason)),
                        new() { Value = about.Select(one => one.Decision.At).ToArray() },
                    },
                },
                new("update catalog_head set last_number = $1")
                {
                    Parameters = { new() { Value = facts[^1].Number } },
                },
            },
        };
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    private static NpgsqlParameter Texts(IEnumerable<string?> texts) => new()
    {
        Value = texts.ToArray(),
        NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text,
    };

    private static NpgsqlBatchCommand Lane(string sql, TenantId tenant) => new(sql)
    {
        Parameters = { new() { Value = Topics.Usage }, new() { Value = Lanes.Of(tenant) } },
    };
}
