using Billing.Contracts.Values;
using Npgsql;
using NpgsqlTypes;

namespace Billing.Pricing.Subscriptions;

/// <summary>What has been rated, as far as it limits when subscriptions may begin and end.</summary>
internal static class RatedUses
{
    /// <summary>The latest use that was ever rated under a subscription; null: none was.</summary>
    /// <param name="subscription">Null: without one.</param>
    public static async Task<DateTimeOffset?> Latest(
        NpgsqlConnection connection, TenantId tenant, SubscriptionId? subscription,
        CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            select max(last_used_at) from tallies
            where tenant_id = $1 and subscription_id is not distinct from $2
            """, connection)
        {
            Parameters =
            {
                new() { Value = Text.Spell(tenant) },
                new()
                {
                    Value = subscription is { } known ? Text.Spell(known) : DBNull.Value,
                    NpgsqlDbType = NpgsqlDbType.Text,
                },
            },
        };
        return await command.ExecuteScalarAsync(cancellation) is DateTime latest
            ? new DateTimeOffset(latest, TimeSpan.Zero)
            : null;
    }
}
