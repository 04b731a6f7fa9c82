using System.Text.Json;
using Billing.Contracts;
using Billing.Contracts.Values;
using Billing.Pricing.Subscriptions;
using Npgsql;
using NpgsqlTypes;

namespace Billing.Pricing.Schedules;

/// <summary>Rows of <c>period_fees</c>: what was rated as fees of each period of a subscription.</summary>
internal static class PeriodFees
{
    /// <summary>By the start of the period.</summary>
    public static async Task<Dictionary<DateTimeOffset, FeesRated>> Read(
        NpgsqlConnection connection, SubscriptionId subscription, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "select period_start, fees::text from period_fees where subscription_id = $1", connection)
        {
            Parameters = { new() { Value = Text.Spell(subscription) } },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var known = new Dictionary<DateTimeOffset, FeesRated>();
        while (await rows.ReadAsync(cancellation))
            known.Add(
                rows.GetFieldValue<DateTimeOffset>(0),
                JsonSerializer.Deserialize<FeesRated>(rows.GetString(1), ContractsJson.Options)!);
        return known;
    }

    public static async Task Put(
        NpgsqlConnection connection, SubscriptionId subscription, TenantId tenant, BillingPeriod period,
        FeesRated fees, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            insert into period_fees (subscription_id, period_start, tenant_id, fees) values ($1, $2, $3, $4)
            on conflict (subscription_id, period_start) do update set fees = excluded.fees
            """, connection)
        {
            Parameters =
            {
                new() { Value = Text.Spell(subscription) },
                new() { Value = period.Start },
                new() { Value = Text.Spell(tenant) },
                new()
                {
                    Value = JsonSerializer.Serialize(fees, ContractsJson.Options),
                    NpgsqlDbType = NpgsqlDbType.Json,
                },
            },
        };
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
