using System.Data.Common;
using System.Text.Json;
using Billing.Contracts;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;
using Npgsql;
using NpgsqlTypes;

namespace Billing.Pricing.Rating.Taking;

/// <summary>Rows of <c>uses</c>, many at once.</summary>
internal static class UseRows
{
    private const int PageSize = 5_000;

    private const string Columns =
        "usage_id, meter_id, tally_id, used_at, revision, state, scope, is_told, tenant_id, source, "
        + "event_id, trim_scale(quantity)::text, distinct_value, properties";

    public static NpgsqlBatchCommand Find(Guid[] usages) => new($"select {Columns} from find_uses($1)")
    {
        Parameters = { new() { Value = usages } },
    };

    /// <summary>Those of a tally that are taken, page by page.</summary>
    public static IEnumerable<UseRow> Taken(NpgsqlConnection connection, Guid tally)
    {
        var last = Guid.Empty;
        while (true)
        {
            // In the middle of arithmetic that asks for them one by one; rare.
            using var command = new NpgsqlCommand(
                $"select {Columns} from uses where tally_id = $1 and usage_id > $2 and state = 0 "
                + "order by usage_id limit $3", connection)
            {
                Parameters =
                {
                    new() { Value = tally }, new() { Value = last }, new() { Value = PageSize },
                },
            };
            var page = new List<UseRow>();
            using (var rows = command.ExecuteReader())
                while (rows.Read()) page.Add(Read(rows));

            foreach (var row in page) yield return row;
            if (page.Count < PageSize) yield break;
            last = page[^1].Usage;
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

    public static NpgsqlBatchCommand Put(IReadOnlyList<UseRow> rows) => Taking.Columns.Command(
        "select put_uses($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        Taking.Columns.Of(rows, row => row.Usage),
        Taking.Columns.Of(rows, Meter),
        Taking.Columns.Of(rows, row => row.Tally),
        Taking.Columns.Of(rows, row => row.Use.UsedAt),
        Taking.Columns.Of(rows, row => row.Use.Revision),
        Taking.Columns.Of(rows, row => (short)row.Standing),
        Taking.Columns.Of(rows, row => (short)row.Use.Scope),
        Taking.Columns.Of(rows, row => row.IsTold),
        Taking.Columns.Of(rows, row => row.Tenant.ToString()),
        Taking.Columns.Of(rows, row => row.Use.Event.Source),
        Taking.Columns.Of(rows, row => row.Use.Event.Id),
        Taking.Columns.Of(rows, row => row.Use.Quantity.ToString()),
        Taking.Columns.Of(rows, row => row.Use.Distinct),
        Taking.Columns.Of(rows, row => JsonSerializer.Serialize(
            row.Use.Dimensions ?? Properties.None, ContractsJson.Options)));

    public static NpgsqlBatchCommand Change(IReadOnlyList<UseRow> rows) => Taking.Columns.Command(
        "select change_uses($1, $2, $3, $4, $5)",
        Taking.Columns.Of(rows, row => row.Usage),
        Taking.Columns.Of(rows, Meter),
        Taking.Columns.Of(rows, row => row.Tally),
        Taking.Columns.Of(rows, row => (short)row.Standing),
        Taking.Columns.Of(rows, row => row.IsTold));

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
                Taking.Columns.Of(rows, row => row.Tenant.ToString()),
                Taking.Columns.Of(rows, row => UnpricedUse.Of(row).Write()),
            },
        };

    private static string Meter(UseRow row) =>
        row.Standing == UseStanding.CancelWaits ? "" : row.Meter.ToString();
}
