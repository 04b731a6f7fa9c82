using System.Text;
using System.Text.Json;
using Billing.Contracts;
using Billing.Contracts.Usage;
using Billing.Pricing.Catalog.Storage;
using Billing.Pricing.Rating.Taking;
using Billing.Pricing.Subscriptions;
using Npgsql;
using Text = Billing.Contracts.Values.Text;

namespace Billing.Pricing.Closing;

/// <summary>What of a period came and is not charged: it waits for a price or for a person.</summary>
internal static class LeftOver
{
    public static async Task<long> Unpriced(
        NpgsqlConnection connection, PeriodKey period, RatingWork work, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            select used_at, count(*) from uses
            where state = 2 and tenant_id = $1 and used_at >= $2 and used_at < $3 group by used_at
            """, connection)
        {
            Parameters =
            {
                new() { Value = Text.Spell(period.Tenant) },
                new() { Value = period.Period.Start },
                new() { Value = period.Period.EndExclusive },
            },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var count = 0L;
        while (await rows.ReadAsync(cancellation))
            if (IsOf(period, rows.GetFieldValue<DateTimeOffset>(0), work)) count += rows.GetInt64(1);
        return count;
    }

    /// <summary>Rather one too many: what cannot be read may be of the period.</summary>
    public static async Task<long> Parked(
        NpgsqlConnection connection, int lane, PeriodKey period, RatingWork work,
        CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "select wire_name, message_key, body from parked_facts where topic = $1 and lane = $2",
            connection)
        {
            Parameters = { new() { Value = Topics.Usage }, new() { Value = lane } },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var (count, tenant) = (0L, Text.Spell(period.Tenant));
        while (await rows.ReadAsync(cancellation))
        {
            if (!rows.IsDBNull(1) && Encoding.UTF8.GetString(rows.GetFieldValue<byte[]>(1)) != tenant)
                continue;

            var name = rows.IsDBNull(0) ? "" : rows.GetString(0);
            if (IsOf(period, name, rows.GetFieldValue<byte[]>(2), work)) count++;
        }

        return count;
    }

    private static bool IsOf(PeriodKey period, string wireName, byte[] body, RatingWork work)
    {
        try
        {
            if (wireName == TermsChanged.Kind)
                return ContractsJson.Read<TermsChanged>(body).Tenant == period.Tenant;
            if (wireName != WireNames.Of(typeof(UsageAcceptedV1))) return wireName != RateUnpriced.Kind;

            var usage = ContractsJson.Read<UsageAcceptedV1>(body);
            return period.Period.Contains(usage.UsedAt) && IsOf(period, usage.UsedAt, work);
        }
        catch (JsonException)
        {
            return true;
        }
    }

    private static bool IsOf(PeriodKey period, DateTimeOffset usedAt, RatingWork work) =>
        SubscriptionHistory.Of(period.Tenant, usedAt, work.Catalog.Newest.State)?.Subscription
            == period.Subscription;
}
