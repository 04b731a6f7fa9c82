using System.Text.Json;
using Billing.Contracts;
using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Ingestion.Usage;
using Billing.ServiceDefaults.UsagePath;
using Npgsql;
using NpgsqlTypes;

namespace Billing.Ingestion.Catalog;

/// <summary>Takes tenants and meters from the catalog; the rest of it is for others.</summary>
public sealed class TakeCatalog(KnownCatalog catalog) : IFactHandler
{
    private static readonly string TenantSet = WireNames.Of(typeof(TenantSetV1));
    private static readonly string MeterSet = WireNames.Of(typeof(MeterSetV1));

    // The row of the state is held to the end, so that versions become visible in their order. A fact that
    // was parked comes when the number has gone on; what waits would not notice, so it is told.
    private const string NextVersion =
        """
        with told as (
            update waiting_facts set judged_by = 0
            where kind = $2 and judged_by > 0 and $1 <= (select number from catalog_state))
        update catalog_state set number = greatest(number, $1), version = version + 1 returning version
        """;

    private const string PutTenants =
        """
        insert into catalog_tenants as t (tenant_id, number, version)
        select distinct on (id) id, n, $3 from unnest($1, $2) as g (id, n) order by id, n desc
        on conflict (tenant_id) do nothing
        """;

    private const string PutMeter =
        """
        insert into catalog_meters as m
            (meter_id, event_type, unit, aggregation, property, filter, number, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (meter_id) do update set
            event_type = excluded.event_type, unit = excluded.unit, aggregation = excluded.aggregation,
            property = excluded.property, filter = excluded.filter, number = excluded.number,
            version = excluded.version
        where m.number < excluded.number
        """;

    public string Topic => Topics.Catalog;

    public string KeyOf(Fact fact) => fact.Key;

    public async Task Apply(FactBatch batch, CancellationToken cancellation)
    {
        var tenants = Read<TenantSetV1>(batch, TenantSet);
        var meters = Read<MeterSetV1>(batch, MeterSet);

        var connection = batch.Transaction.Connection;
        await using var next = new NpgsqlCommand(NextVersion, connection)
        {
            Parameters =
            {
                new() { Value = batch.Facts.Max(fact => fact.Number) },
                new() { Value = WaitingUsage.UnmatchedKind },
            },
        };
        var version = (long)(await next.ExecuteScalarAsync(cancellation))!;

        await using var puts = new NpgsqlBatch(connection);
        if (tenants.Count > 0) puts.BatchCommands.Add(Put(tenants, version));
        foreach (var (number, meter) in meters) puts.BatchCommands.Add(Put(number, meter, version));
        if (puts.BatchCommands.Count > 0) await puts.ExecuteNonQueryAsync(cancellation);
        batch.Transaction.WhenCommitted(catalog.Look);
    }

    private static List<(long Number, T Fact)> Read<T>(FactBatch batch, string wireName) where T : class =>
        [
            .. batch.Facts.Where(fact => fact.WireName == wireName)
                .Select(fact => (fact.Number, fact.Read<T>())),
        ];

    private static NpgsqlBatchCommand Put(List<(long Number, TenantSetV1 Fact)> tenants, long version) =>
        new(PutTenants)
        {
            Parameters =
            {
                new() { Value = tenants.Select(set => set.Fact.Tenant.ToString()).ToArray() },
                new() { Value = tenants.Select(set => set.Number).ToArray() },
                new() { Value = version },
            },
        };

    private static NpgsqlBatchCommand Put(long number, MeterSetV1 meter, long version) => new(PutMeter)
    {
        Parameters =
        {
            new() { Value = meter.Meter.ToString() },
            new() { Value = meter.EventType },
            new() { Value = meter.Unit },
            new() { Value = JsonNamingPolicy.KebabCaseLower.ConvertName(meter.Aggregation.ToString()) },
            new() { Value = (object?)meter.Property ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
            new()
            {
                Value = JsonSerializer.Serialize((meter.Filter ?? Properties.None).All),
                NpgsqlDbType = NpgsqlDbType.Jsonb,
            },
            new() { Value = number },
            new() { Value = version },
        },
    };
}
