using Billing.Testbed;
using Npgsql;

namespace Billing.ServiceDefaults.Tests.UsagePath;

internal sealed record ParkedShown(long Id, int? Lane, long? Number, string Key, string Reason, int Attempts);

internal static class ParkedInBooks
{
    public static async Task<List<ParkedShown>> Parked(this TestDatabase database)
    {
        await using var connection = await database.Open(database.Owner);
        await using var command = new NpgsqlCommand(
            "select id, lane, number, key, reason, attempts from parked_facts order by id", connection);
        await using var rows = await command.ExecuteReaderAsync();
        var parked = new List<ParkedShown>();
        while (await rows.ReadAsync())
            parked.Add(new(
                rows.GetInt64(0), rows.IsDBNull(1) ? null : rows.GetInt32(1),
                rows.IsDBNull(2) ? null : rows.GetInt64(2), rows.GetString(3), rows.GetString(4),
                rows.GetInt32(5)));

        return parked;
    }
}
