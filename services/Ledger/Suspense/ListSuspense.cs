using System.Globalization;
using System.Text;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.Database.Paging;
using Npgsql;
using NpgsqlTypes;

namespace Billing.Ledger.Suspense;

/// <summary>Facts that the ledger refused and that wait for a person, the oldest first.</summary>
public static class ListSuspense
{
    public const string Route = "/api/v1/ledger/suspense";

    /// <param name="Refusal">A stable word: why it was refused the last time.</param>
    /// <param name="Left">What would have been possible, where too much was asked.</param>
    /// <param name="Body">The fact as JSON.</param>
    public sealed record Item(
        Guid Fact, string Topic, string Tenant, string WireName, string Refusal, string? Left,
        DateTimeOffset Since, int Attempts, string? Resolution, DateTimeOffset? ResolvedAt,
        string? ResolvedBy, string? Note, string Body);

    public static void Map(WebApplication app) =>
        app.MapGet(Route, List).RequireAuthorization(Policies.Finance).WithTags("Suspense")
            .WithName("ListSuspense")
            .WithSummary("Refused facts, the oldest first; filters: tenant, refusal, resolved.");

    private static async Task<Page<Item>> List(
        PageRequest page, HttpContext context, ServiceDatabase database, string? tenant = null,
        string? refusal = null, bool resolved = false)
    {
        var after = page.After(2);
        var rows = await database.AsStaff(async (connection, _) =>
        {
            await using var command = new NpgsqlCommand(
                """
                select fact_id, topic, tenant_id, wire_name, refusal, amount_left, since, attempts,
                    resolution, resolved_at, resolved_by, note, body
                from suspense
                where (resolution is not null) = $1 and ($2 is null or tenant_id = $2)
                  and ($3 is null or refusal = $3) and ($4 is null or (since, fact_id) > ($4, $5))
                order by since, fact_id limit $6
                """, connection);
            Add(resolved, NpgsqlDbType.Boolean);
            Add(tenant, NpgsqlDbType.Text);
            Add(refusal, NpgsqlDbType.Text);
            Add(after is null ? null : Moment(after[0]), NpgsqlDbType.TimestampTz);
            Add(after is null ? null : Guid.Parse(after[1]), NpgsqlDbType.Uuid);
            Add(page.Fetch, NpgsqlDbType.Integer);
            return await Read(command, context.RequestAborted);

            void Add(object? value, NpgsqlDbType type) =>
                command.Parameters.Add(new() { Value = value ?? DBNull.Value, NpgsqlDbType = type });
        }, context.RequestAborted);
        return page.Of(rows, row => [row.Since.ToString("O", CultureInfo.InvariantCulture), $"{row.Fact}"]);
    }

    private static DateTimeOffset Moment(string text) =>
        DateTimeOffset.Parse(text, CultureInfo.InvariantCulture).ToUniversalTime();

    private static async Task<List<Item>> Read(NpgsqlCommand command, CancellationToken cancellation)
    {
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var items = new List<Item>();
        while (await rows.ReadAsync(cancellation))
            items.Add(new(
                rows.GetGuid(0), rows.GetString(1), rows.GetString(2), rows.GetString(3), rows.GetString(4),
                Text(5), rows.GetFieldValue<DateTimeOffset>(6), rows.GetInt32(7), Text(8),
                rows.IsDBNull(9) ? null : rows.GetFieldValue<DateTimeOffset>(9), Text(10), Text(11),
                Encoding.UTF8.GetString(rows.GetFieldValue<byte[]>(12))));
        return items;

        string? Text(int column) => rows.IsDBNull(column) ? null : rows.GetString(column);
    }
}
