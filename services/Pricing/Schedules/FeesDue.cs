using System.Globalization;
using Billing.Contracts.Values;
using Npgsql;

namespace Billing.Pricing.Schedules;

/// <summary>Rows of <c>fees_due</c>: when the fees of a subscription are to be looked at next.</summary>
internal static class FeesDue
{
    /// <param name="at">Null: never again, unless the subscription changes.</param>
    public static async Task Put(
        NpgsqlConnection connection, SubscriptionId subscription, TenantId tenant, int lane,
        DateTimeOffset? at, CancellationToken cancellation)
    {
        await using var command = at is { } moment
            ? new NpgsqlCommand(
                """
                insert into fees_due (subscription_id, tenant_id, lane, due_at, request_id)
                values ($1, $2, $3, $4, $5)
                on conflict (subscription_id) do update
                set due_at = excluded.due_at, request_id = excluded.request_id
                """, connection)
            {
                Parameters =
                {
                    new() { Value = Text.Spell(subscription) },
                    new() { Value = Text.Spell(tenant) },
                    new() { Value = lane },
                    new() { Value = moment },
                    new() { Value = Request(subscription, moment) },
                },
            }
            : new NpgsqlCommand("delete from fees_due where subscription_id = $1", connection)
            {
                Parameters = { new() { Value = Text.Spell(subscription) } },
            };
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static Guid Request(SubscriptionId subscription, DateTimeOffset at) => DerivedId.From(
        "fees-due", Text.Spell(subscription), at.UtcTicks.ToString(CultureInfo.InvariantCulture));
}
