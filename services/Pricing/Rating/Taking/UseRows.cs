using System.Data.Common;
using System.Text.Json;
using Billing.Contracts;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;
using Npgsql;
using NpgsqlTypes;
using Database = Billing.ServiceDefaults.Database;

namespace Billing.Pricing.Rating.Taking;

/// <summary>Rows of <c>uses</c>, many at once.</summary>
internal static class UseRows
{
    private const int PageSize = 5_000;

    private static long cursors;

    private const string Columns =
        "usage_id, meter_id, tally_id, used_at, revision, state, scope, is_told, tenant_id, source, "
        + "event_id, trim_scale(quantity)::text, distinct_value, properties";

    public static NpgsqlBatchCommand Find(Guid[] usages) => new($"select {Columns} from find_uses($1)")
    {
        Parameters = { new() { Value = usages } },
    };

    /// <summary>Of those, the ones whose cancel came first.</summary>
    public static NpgsqlBatchCommand FindCancels(Guid[] usages) =>
        new($"select {Columns} from find_cancels($1)") { Parameters = { new() { Value = usages } } };

    /// <summary>
    /// Those of a tally that are taken, page by page, as they are now. In a transaction, whose end is also
    /// that of the cursor.
    /// </summary>
    public static IEnumerable<UseRow> Taken(NpgsqlConnection connection, Guid tally)
    {
        var cursor = $"taken_{Interlocked.Increment(ref cursors)}";
        using (var declare = new NpgsqlCommand(
            $"declare {cursor} no scroll cursor for select {Columns} from uses where tally_id = '{tally}' "
            + "and state = 0", connection))
            declare.ExecuteNonQuery();

        while (true)
        {
            // In the middle of arithmetic that asks for them one by one; rare.
            var page = new List<UseRow>();
            using (var fetch = new NpgsqlCommand($"fetch {PageSize} from {cursor}", connection))
            using (var rows = fetch.ExecuteReader())
                while (rows.Read()) page.Add(Read(rows));

            foreach (var row in page) yield return row;
            if (page.Count < PageSize) yield break;
        }
    }

    public static UseRow Read(DbDataReader row)
    {
        var meter = row.GetString(1);
        return new(
            row.GetGuid(0), TenantId.Of(row.GetString(8)), meter.Length > 0 ? MeterId.Of(meter) : default,
            new(
                new(row.GetString(9), row.GetString(10)), row.GetInt32(4),
                row.GetFieldValue<DateTimeOffset>(3), (UsageScope)row.GetInt16(6),
                Text.Read<Quantity>(row.GetString(11)), row.IsDBNull(12) ? null : row.GetString(12),
                JsonSerializer.Deserialize<Properties>(row.GetString(13), ContractsJson.Options)),
            (UseStanding)row.GetInt16(5), row.GetBoolean(7), row.IsDBNull(2) ? null : row.GetGuid(2));
    }

    public static NpgsqlBatchCommand Put(IReadOnlyList<UseRow> rows) => Database.Columns.Command(
        "select put_uses($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        Database.Columns.Of(rows, row => row.Usage),
        Database.Columns.Of(rows, Meter),
        Database.Columns.Of(rows, row => row.Tally),
        Database.Columns.Of(rows, row => row.Use.UsedAt),
        Database.Columns.Of(rows, row => row.Use.Revision),
        Database.Columns.Of(rows, row => (short)row.Standing),
        Database.Columns.Of(rows, row => (short)row.Use.Scope),
        Database.Columns.Of(rows, row => row.IsTold),
        Database.Columns.Of(rows, row => row.Tenant.ToString()),
        Database.Columns.Of(rows, row => row.Use.Event.Source),
        Database.Columns.Of(rows, row => row.Use.Event.Id),
        Database.Columns.Of(rows, row => row.Use.Quantity.ToString()),
        Database.Columns.Of(rows, row => row.Use.Distinct),
        Database.Columns.Of(rows, row => (row.Use.Dimensions ?? Properties.None).ToJson()));

    public static NpgsqlBatchCommand Change(IReadOnlyList<UseRow> rows) => Database.Columns.Command(
        "select change_uses($1, $2, $3, $4, $5)",
        Database.Columns.Of(rows, row => row.Usage),
        Database.Columns.Of(rows, Meter),
        Database.Columns.Of(rows, row => row.Tally),
        Database.Columns.Of(rows, row => (short)row.Standing),
        Database.Columns.Of(rows, row => row.IsTold));

    /// <summary>For the sweep that asks again with each news of the catalog.</summary>
    public static NpgsqlBatchCommand Wait(
        IReadOnlyList<UseRow> rows, long judgedBy, DateTimeOffset now) =>
        new(
            """
            insert into waiting_facts (kind, tenant_id, judged_by, body, since)
            select $1, t, $2, b, $3 from unnest($4, $5) as g (t, b)
            """)
        {
            Parameters =
            {
                new() { Value = UnpricedUse.Kind },
                new() { Value = judgedBy },
                new() { Value = now, NpgsqlDbType = NpgsqlDbType.TimestampTz },
                Database.Columns.Of(rows, row => row.Tenant.ToString()),
                Database.Columns.Of(rows, row => UnpricedUse.Of(row).Write()),
            },
        };

    private static string Meter(UseRow row) =>
        row.Standing == UseStanding.CancelWaits ? "" : row.Meter.ToString();
}
