using Billing.Pricing.Rating.Taking;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.UsagePath;
using Billing.ServiceDefaults.UsagePath.Waiting;
using Npgsql;

namespace Billing.Pricing.Tests.Taking;

/// <summary>What the usage path does beside taking facts, for all lanes and at once.</summary>
internal static class LaneWork
{
    public static async Task TakeInbox(BatchTransactions transactions, RatingDesk desk, DateTimeOffset now, int most)
    {
        while (true)
        {
            await using var transaction = await transactions.Begin(default);
            var rows = new List<InboxRow>();
            await using (var command = new NpgsqlCommand(
                "delete from lane_inbox where id in (select id from lane_inbox order by id limit $1) "
                + "returning id, lane, kind, body, asked_at", transaction.Connection))
            {
                command.Parameters.Add(new() { Value = most });
                await using var found = await command.ExecuteReaderAsync();
                while (await found.ReadAsync())
                    rows.Add(new(
                        found.GetGuid(0), found.GetInt32(1), found.GetString(2), found.GetFieldValue<byte[]>(3),
                        found.GetFieldValue<DateTimeOffset>(4)));
            }

            if (rows.Count == 0) return;

            await new TakeRequests(desk).Apply(new([.. rows.OrderBy(row => row.Id)], transaction, now), default);
            await transaction.Commit(default);
        }
    }

    /// <summary>What the sweep does: every row that was judged by an older number of the catalog.</summary>
    public static async Task Sweep(BatchTransactions transactions, CatalogHistory history, DateTimeOffset now)
    {
        await using var transaction = await transactions.Begin(default);
        var number = await CatalogNumber.Read(transaction.Connection, default);
        var rows = new List<WaitingRow>();
        await using (var due = new NpgsqlCommand(
            "select id, tenant_id, judged_by, body, since from waiting_facts where judged_by < $1 order by id",
            transaction.Connection))
        {
            due.Parameters.Add(new() { Value = number });
            await using var found = await due.ExecuteReaderAsync();
            while (await found.ReadAsync())
                rows.Add(new(
                    found.GetInt64(0), found.GetString(1), found.GetInt64(2), found.GetFieldValue<byte[]>(3),
                    found.GetFieldValue<DateTimeOffset>(4)));
        }

        var done = await new RateUnpriced(history, TimeZones.Find).Retry(new(rows, number, transaction, now), default);
        await using (var settle = new NpgsqlCommand(
            "with done as (delete from waiting_facts where id = any ($1)) "
            + "update waiting_facts set judged_by = $2 where id = any ($3)", transaction.Connection))
        {
            settle.Parameters.Add(new() { Value = done.ToArray() });
            settle.Parameters.Add(new() { Value = number });
            settle.Parameters.Add(new() { Value = rows.Select(row => row.Id).Except(done).ToArray() });
            await settle.ExecuteNonQueryAsync();
        }

        await transaction.Commit(default);
    }
}
