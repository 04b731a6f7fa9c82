using Billing.Contracts.Values;
using Billing.ServiceDefaults;
using Npgsql;

namespace Billing.Ledger.Periods;

/// <summary>Subscriptions as the catalog has them.</summary>
internal static class KnownSubscriptions
{
    public static async Task<Dictionary<SubscriptionId, Subscription>> Read(
        NpgsqlConnection connection, IEnumerable<SubscriptionId> ids, CancellationToken cancellation)
    {
        var known = new Dictionary<SubscriptionId, Subscription>();
        string[] names = [.. ids.Select(id => Text.Spell(id))];
        if (names.Length == 0) return known;

        await using var command = new NpgsqlCommand(
            """
            select subscription_id, tenant_id, currency, anchor, time_zone from ledger_subscriptions
            where subscription_id = any ($1)
            """, connection)
        {
            Parameters = { new() { Value = names } },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            var id = SubscriptionId.Of(rows.GetString(0));
            var zone = TimeZones.Find(rows.GetString(4))
                ?? throw new InvalidOperationException("A stored time zone is not in the database of zones.");
            known.Add(id, new(
                id, TenantId.Of(rows.GetString(1)), Currency.Of(rows.GetString(2)),
                new(rows.GetFieldValue<DateOnly>(3)), zone));
        }

        return known;
    }
}
