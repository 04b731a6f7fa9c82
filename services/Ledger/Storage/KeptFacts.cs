using Billing.Contracts.Values;
using Billing.Ledger.Charges;
using Billing.Ledger.Events;
using Npgsql;

namespace Billing.Ledger.Storage;

/// <summary>A row of waiting_facts.</summary>
public sealed record WaitingFact(long Row, KeptFact Fact, DateTimeOffset Since);

/// <summary>Facts that wait, and facts that a person has to decide about.</summary>
public static class KeptFacts
{
    /// <summary>Whether anything waits for a key of this kind. Hardly ever, so this is asked first.</summary>
    public static async Task<bool> AnyWaits(
        NpgsqlConnection connection, string kind, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "select exists (select from waiting_facts where kind = $1 and missing_key is not null)",
            connection)
        {
            Parameters = { new() { Value = kind } },
        };
        return (bool)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>
    /// Those that wait for one of these keys, in the order in which they came. They are held; what somebody
    /// else holds is left to them.
    /// </summary>
    public static async Task<List<WaitingFact>> WaitingFor(
        NpgsqlConnection connection, IEnumerable<string> kinds, IEnumerable<string> keys,
        CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            select id, body, since from waiting_facts
            where kind = any ($1) and missing_key = any ($2)
              and exists (select from waiting_facts where kind = any ($1) and missing_key is not null)
            order by id for update skip locked
            """, connection)
        {
            Parameters = { new() { Value = kinds.ToArray() }, new() { Value = keys.ToArray() } },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        return await Read(rows, cancellation);
    }

    /// <summary>Rows of id, body, since.</summary>
    internal static async Task<List<WaitingFact>> Read(NpgsqlDataReader rows, CancellationToken cancellation)
    {
        var found = new List<WaitingFact>();
        while (await rows.ReadAsync(cancellation))
            found.Add(new(rows.GetInt64(0), KeptFact.Read(rows.GetFieldValue<byte[]>(1)),
                rows.GetFieldValue<DateTimeOffset>(2)));

        return found;
    }

    /// <param name="catalogNumber">By which it was judged, where it waits for the catalog.</param>
    public static NpgsqlBatchCommand Wait(
        TenantId tenant, KeptFact fact, Decision.Waits why, long catalogNumber, DateTimeOffset since)
    {
        var isOfCatalog = why.For == Missing.Subscription;
        return new(
            """
            insert into waiting_facts (kind, tenant_id, missing_key, judged_by, body, since)
            values ($1, $2, $3, $4, $5, $6)
            """)
        {
            Parameters =
            {
                new() { Value = WaitingKinds.Of(why.For) },
                new() { Value = Text.Spell(tenant) },
                new() { Value = isOfCatalog ? DBNull.Value : why.Key, DataTypeName = "text" },
                new() { Value = isOfCatalog ? catalogNumber : DBNull.Value, DataTypeName = "bigint" },
                new() { Value = fact.Write() },
                new() { Value = since.ToUniversalTime() },
            },
        };
    }

    public static NpgsqlBatchCommand WaitNoMore(IEnumerable<long> rows) =>
        new("delete from waiting_facts where id = any ($1)")
        {
            Parameters = { new() { Value = rows.ToArray() } },
        };

    /// <summary>One that is there already was tried once more and stays.</summary>
    public static NpgsqlBatchCommand Suspend(
        TenantId tenant, KeptFact fact, Decision.Refused why, DateTimeOffset now) => new(
            """
            insert into suspense as s
                (fact_id, topic, tenant_id, wire_name, body, trace, refusal, amount_left, since)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            on conflict (fact_id) do update set
                refusal = excluded.refusal, amount_left = excluded.amount_left, attempts = s.attempts + 1
            """)
        {
            Parameters =
            {
                new() { Value = fact.Id.Value },
                new() { Value = fact.Topic },
                new() { Value = Text.Spell(tenant) },
                new() { Value = fact.WireName },
                new() { Value = fact.Body },
                new() { Value = (object?)fact.Trace ?? DBNull.Value, DataTypeName = "text" },
                new() { Value = why.Reason.Word() },
                new()
                {
                    Value = why.Left is { } left ? Text.Spell(left) : DBNull.Value, DataTypeName = "text",
                },
                new() { Value = now.ToUniversalTime() },
            },
        };
}
