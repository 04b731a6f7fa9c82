using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Npgsql;

namespace Billing.Ledger.Credits;

/// <summary>Whose credit it is.</summary>
internal readonly record struct CreditOwner(TenantId Tenant, Currency Currency);

/// <summary>Rows of <c>credit_due</c>: when grants are over that have an end.</summary>
internal static class CreditDue
{
    /// <summary>In the transaction that records them.</summary>
    public static async Task Put(
        NpgsqlConnection connection, IEnumerable<Append> appends, CancellationToken cancellation)
    {
        foreach (var append in appends)
            if (append.Event is CreditGranted { ExpiresAt: { } due } granted)
            {
                await using var command = new NpgsqlCommand(
                    "insert into credit_due (grant_id, tenant_id, currency, due_at) values ($1, $2, $3, $4)",
                    connection)
                {
                    Parameters =
                    {
                        new() { Value = append.Id },
                        new() { Value = Text.Spell(granted.Tenant) },
                        new() { Value = granted.Money.Currency.Code },
                        new() { Value = due },
                    },
                };
                await command.ExecuteNonQueryAsync(cancellation);
            }
    }

    /// <summary>Those with something due by now, in the order of their names, after a given one.</summary>
    public static async Task<List<CreditOwner>> Owners(
        NpgsqlConnection connection, CreditOwner? after, DateTimeOffset now, int most,
        CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            select distinct tenant_id, currency from credit_due
            where due_at <= $1 and (tenant_id, currency) > ($2, $3)
            order by tenant_id, currency limit $4
            """, connection)
        {
            Parameters =
            {
                new() { Value = now },
                new() { Value = after is { } owner ? Text.Spell(owner.Tenant) : "" },
                new() { Value = after?.Currency.Code ?? "" },
                new() { Value = most },
            },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var found = new List<CreditOwner>();
        while (await rows.ReadAsync(cancellation))
            found.Add(new(TenantId.Of(rows.GetString(0)), Currency.Of(rows.GetString(1))));
        return found;
    }

    /// <summary>In the transaction that ends what was due by then.</summary>
    public static async Task Remove(
        NpgsqlConnection connection, CreditOwner owner, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "delete from credit_due where tenant_id = $1 and currency = $2 and due_at <= $3", connection)
        {
            Parameters =
            {
                new() { Value = Text.Spell(owner.Tenant) },
                new() { Value = owner.Currency.Code },
                new() { Value = now },
            },
        };
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
