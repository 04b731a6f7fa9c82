using System.Data.Common;
using System.Text.Json;
using Billing.Contracts;
using Billing.Contracts.Values;
using Npgsql;
using Database = Billing.ServiceDefaults.Database;

namespace Billing.Pricing.Rating.Taking;

/// <summary>A row of <c>tallies</c>.</summary>
internal sealed record TallyRow(
    TallyKey Key, long Stamp, long CatalogNumber, Tally Tally, DateTimeOffset? LastUsedAt);

/// <summary>Rows of <c>tallies</c>, many at once.</summary>
internal static class TallyRows
{
    /// <summary>Raised by put_tallies: what was gone on from is not what is stored.</summary>
    public const string IsAnother = "ZP001";

    public const string KeyColumns =
        "tenant_id, subscription_id, meter_id, currency, period_start, period_end";

    public const string Columns =
        $"{KeyColumns}, stamp, catalog_number, tally::text, last_used_at";

    public static NpgsqlBatchCommand Find(IEnumerable<Guid> ids) =>
        new($"select {Columns} from tallies where tally_id = any ($1)")
        {
            Parameters = { new() { Value = ids.ToArray() } },
        };

    public static TallyKey Key(DbDataReader row) => new(
        TenantId.Of(row.GetString(0)), row.IsDBNull(1) ? null : SubscriptionId.Of(row.GetString(1)),
        MeterId.Of(row.GetString(2)), Currency.Of(row.GetString(3)),
        new(row.GetFieldValue<DateTimeOffset>(4), row.GetFieldValue<DateTimeOffset>(5)));

    public static TallyRow Read(DbDataReader row) => new(
        Key(row), row.GetInt64(6), row.GetInt64(7), Tally(row.GetString(8)),
        row.IsDBNull(9) ? null : row.GetFieldValue<DateTimeOffset>(9));

    public static Tally Tally(string json) =>
        JsonSerializer.Deserialize<Tally>(json, ContractsJson.Options)!;

    public static async Task<List<TallyRow>> Read(
        NpgsqlConnection connection, NpgsqlBatchCommand find, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { find } };
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        var found = new List<TallyRow>();
        while (await rows.ReadAsync(cancellation)) found.Add(Read(rows));
        return found;
    }

    public static NpgsqlBatchCommand Put(IReadOnlyList<KnownTally> tallies) => Database.Columns.Command(
        "select put_tallies($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        Database.Columns.Of(tallies, one => one.Key.Id),
        Database.Columns.Of(tallies, one => one.Stamp),
        Database.Columns.Of(tallies, one => one.Key.Tenant.ToString()),
        Database.Columns.Of(tallies, one => one.Key.Subscription?.ToString()),
        Database.Columns.Of(tallies, one => one.Key.Meter.ToString()),
        Database.Columns.Of(tallies, one => one.Key.Currency.ToString()),
        Database.Columns.Of(tallies, one => one.Key.Period.Start),
        Database.Columns.Of(tallies, one => one.Key.Period.EndExclusive),
        Database.Columns.Of(tallies, one => one.CatalogNumber),
        Database.Columns.Of(tallies, one => one.Tally.Terms),
        Database.Columns.Of(tallies, one => JsonSerializer.Serialize(one.Tally, ContractsJson.Options)),
        Database.Columns.Of(tallies, one => Number(one.Tally.Total)),
        Database.Columns.Of(tallies, one => one.Tally.Taken),
        Database.Columns.Of(tallies, one => one.LastUsedAt));

    // "12.5 USD" without the currency.
    private static string Number(Amount amount) => Text.Spell(amount)[..^4];
}
