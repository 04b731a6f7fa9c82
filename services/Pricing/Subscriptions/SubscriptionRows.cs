using Billing.Contracts;
using Billing.Contracts.Catalog;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using Npgsql;
using NpgsqlTypes;

namespace Billing.Pricing.Subscriptions;

/// <summary>
/// Subscriptions as the caller may see them: a tenant's come from the database as that tenant sees it.
/// </summary>
public sealed class SubscriptionRows(ServiceDatabase database)
{
    private const string Sql =
        """
        select body from catalog_facts
        where wire_name = $1 and key in (
            select distinct key from catalog_facts
            where wire_name = $1 and ($2 is null or tenant_id = $2) and ($3 is null or key = $3)
              and ($4 is null or key > $4)
            order by key limit $5)
        order by key, number
        """;

    /// <param name="tenant">Narrows what staff sees.</param>
    /// <param name="after">The last one of the page before.</param>
    public Task<List<SubscriptionHistory>> List(
        Caller caller, string? tenant, string? after, int limit, CancellationToken cancellation) =>
        Read(caller, tenant, one: null, after, limit, cancellation);

    /// <summary>Null where there is none that the caller may see.</summary>
    public async Task<SubscriptionHistory?> Find(Caller caller, string id, CancellationToken cancellation) =>
        (await Read(caller, tenant: null, id, after: null, 1, cancellation)).SingleOrDefault();

    private Task<List<SubscriptionHistory>> Read(
        Caller caller, string? tenant, string? one, string? after, int limit, CancellationToken cancellation)
    {
        return caller.Tenant is { } own
            ? database.AsTenant(own, (connection, _) => Ask(connection, own), cancellation)
            : database.AsStaff((connection, _) => Ask(connection, tenant), cancellation);

        async Task<List<SubscriptionHistory>> Ask(NpgsqlConnection connection, string? of)
        {
            await using var command = new NpgsqlCommand(Sql, connection);
            command.Parameters.Add(new() { Value = WireNames.Of(typeof(SubscriptionSetV1)) });
            Add(of);
            Add(one);
            Add(after);
            command.Parameters.Add(new() { Value = limit });
            await using var rows = await command.ExecuteReaderAsync(cancellation);
            var facts = new List<SubscriptionSetV1>();
            while (await rows.ReadAsync(cancellation))
                facts.Add(ContractsJson.Read<SubscriptionSetV1>(rows.GetFieldValue<byte[]>(0)));
            return
            [
                .. facts.GroupBy(fact => fact.Subscription)
                    .Select(subscription => new SubscriptionHistory([.. subscription])),
            ];

            void Add(string? text) => command.Parameters.Add(new()
            {
                Value = (object?)text ?? DBNull.Value,
                NpgsqlDbType = NpgsqlDbType.Text,
            });
        }
    }
}
