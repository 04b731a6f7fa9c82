using System.Text;
using Billing.Contracts;
using Billing.Contracts.Invoices;
using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.Pricing.Rating.Taking;
using Npgsql;
using NpgsqlTypes;
using Text = Billing.Contracts.Values.Text;

namespace Billing.Pricing.Closing;

/// <summary>Rows of <c>closings</c>, and what an answer has to know of the rest.</summary>
internal static class Closings
{
    public static async Task<(List<CloseAskedV1> Asked, List<PeriodAnsweredV1> Given)> Read(
        NpgsqlConnection connection, Guid period, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "select ask::text, answer::text from closings where period_id = $1 order by close_number",
            connection)
        {
            Parameters = { new() { Value = period } },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var (asked, given) = (new List<CloseAskedV1>(), new List<PeriodAnsweredV1>());
        while (await rows.ReadAsync(cancellation))
        {
            asked.Add(Read<CloseAskedV1>(rows.GetString(0)));
            if (!rows.IsDBNull(1)) given.Add(Read<PeriodAnsweredV1>(rows.GetString(1)));
        }

        return (asked, given);
    }

    public static async Task Answer(
        NpgsqlConnection connection, Guid period, PeriodAnsweredV1 answer, DateTimeOffset now,
        CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "update closings set answer = $3, answered_at = $4 where period_id = $1 and close_number = $2",
            connection)
        {
            Parameters =
            {
                new() { Value = period },
                new() { Value = answer.CloseNumber },
                new()
                {
                    Value = Encoding.UTF8.GetString(ContractsJson.Write(answer)),
                    NpgsqlDbType = NpgsqlDbType.Json,
                },
                new() { Value = now },
            },
        };
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Of these periods, those that were answered.</summary>
    public static async Task<HashSet<Guid>> Answered(
        NpgsqlConnection connection, IEnumerable<Guid> periods, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "select period_id from closings where period_id = any ($1) and answer is not null", connection)
        {
            Parameters = { new() { Value = periods.Distinct().ToArray() } },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var answered = new HashSet<Guid>();
        while (await rows.ReadAsync(cancellation)) answered.Add(rows.GetGuid(0));
        return answered;
    }

    /// <summary>The periods of a tenant's subscriptions that were answered.</summary>
    public static async Task<List<PeriodKey>> Answered(
        NpgsqlConnection connection, TenantId tenant, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "select ask::text from closings where tenant_id = $1 and close_number = 1 "
            + "and subscription_id is not null and answer is not null", connection)
        {
            Parameters = { new() { Value = Text.Spell(tenant) } },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var answered = new List<PeriodKey>();
        while (await rows.ReadAsync(cancellation))
            answered.Add(PeriodKey.Of(Read<CloseAskedV1>(rows.GetString(0))));
        return answered;
    }

    public static async Task<List<TallyKey>> Tallies(
        NpgsqlConnection connection, PeriodKey period, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            $"""
            select {TallyRows.KeyColumns} from tallies
            where tenant_id = $1 and period_start = $2 and currency = $3
              and subscription_id is not distinct from $4
            """, connection)
        {
            Parameters =
            {
                new() { Value = Text.Spell(period.Tenant) },
                new() { Value = period.Period.Start },
                new() { Value = Text.Spell(period.Currency) },
                new()
                {
                    Value = period.Subscription is { } known ? Text.Spell(known) : DBNull.Value,
                    NpgsqlDbType = NpgsqlDbType.Text,
                },
            },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var keys = new List<TallyKey>();
        while (await rows.ReadAsync(cancellation)) keys.Add(TallyRows.Key(rows));
        return keys;
    }

    /// <summary>Up to when all usage is taken, and in words what that leaves out.</summary>
    public static async Task<(DateTimeOffset ReadUpTo, string Behind)> ReadUpTo(
        NpgsqlConnection connection, int lane, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "select read_up_to, last_number from read_lanes where topic = $1 and lane = $2", connection)
        {
            Parameters = { new() { Value = Topics.Usage }, new() { Value = lane } },
        };
        await using var row = await command.ExecuteReaderAsync(cancellation);
        if (!await row.ReadAsync(cancellation))
            return (DateTimeOffset.UnixEpoch, $"Lane {lane} was never read.");
        if (row.IsDBNull(0))
            return (DateTimeOffset.UnixEpoch, $"Nobody has said up to when usage was read; {Lane(1)}.");

        var moment = row.GetFieldValue<DateTimeOffset>(0);
        return (moment, $"Usage was read up to {moment.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z only; {Lane(1)}.");

        string Lane(int column) => $"of lane {lane} up to number {row.GetInt64(column)} was taken";
    }

    private static T Read<T>(string json) where T : class =>
        ContractsJson.Read<T>(Encoding.UTF8.GetBytes(json));
}
