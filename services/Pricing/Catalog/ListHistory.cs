using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Billing.Contracts;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.Database.Paging;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using NpgsqlTypes;

namespace Billing.Pricing.Catalog;

/// <summary>Everything that was decided, the newest first: who, when and why.</summary>
public static class ListHistory
{
    public const string Route = "/api/v1/catalog/history";

    private const string Prefix = "billing.pricing.", Suffix = ".v1";

    /// <param name="Number">The catalog's number as of this decision.</param>
    /// <param name="Kind">As in the name of its message: <c>price-rule-published</c>.</param>
    /// <param name="Key">The tenant, meter, plan, rule or subscription that it is about.</param>
    /// <param name="Actor">Who decided; as the reason, not shown to tenants.</param>
    /// <param name="Fact">What was decided, whole.</param>
    public sealed record Entry(
        long Number, DateTimeOffset At, string Kind, string Key, string? Tenant, string? Actor,
        string? Reason, JsonElement Fact);

    /// <param name="Kinds">None: all.</param>
    public sealed record Filter(string? Key = null, string? Tenant = null, params IReadOnlyList<Type> Kinds);

    public static void Map(WebApplication app) =>
        app.MapGet(Route, All).RequireAuthorization(Policies.Finance)
            .WithTags("Catalog").WithName("ListCatalogHistory")
            .WithSummary("Every decision about the catalog, the newest first; filters: key, tenant, kind.");

    /// <param name="kind">As in <see cref="Entry"/>.</param>
    private static async Task<Results<Ok<Page<Entry>>, ProblemHttpResult>> All(
        PageRequest page, HttpContext context, ServiceDatabase database, string? key = null,
        string? tenant = null, string? kind = null)
    {
        var type = kind is null ? null : WireNames.Find($"{Prefix}{kind}{Suffix}");
        if (kind is not null && (type is null || !CatalogFacts.All.Contains(type)))
            return Problems.Refuse(ProblemTypes.Invalid, "'kind' is no kind of decision about the catalog.");

        return TypedResults.Ok(await database.AsStaff((connection, _) => Of(
            page, new(key, tenant, type is null ? [] : [type]), connection, isTenant: false,
            context.RequestAborted), context.RequestAborted));
    }

    public static async Task<Page<Entry>> Of(
        PageRequest page, Filter filter, NpgsqlConnection connection, bool isTenant,
        CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            select number, at, wire_name, key, tenant_id, actor, reason, body from catalog_facts
            where ($1 is null or number < $1) and ($2 is null or key = $2) and ($3 is null or tenant_id = $3)
              and ($4 is null or wire_name = any ($4))
            order by number desc limit $5
            """, connection);
        Add(
            page.After(1) is [var number] ? long.Parse(number, CultureInfo.InvariantCulture) : null,
            NpgsqlDbType.Bigint);
        Add(filter.Key, NpgsqlDbType.Text);
        Add(filter.Tenant, NpgsqlDbType.Text);
        Add(
            filter.Kinds.Count == 0 ? null : filter.Kinds.Select(WireNames.Of).ToArray(),
            NpgsqlDbType.Array | NpgsqlDbType.Text);
        Add(page.Fetch, NpgsqlDbType.Integer);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var entries = new List<Entry>();
        while (await rows.ReadAsync(cancellation)) entries.Add(Read(rows, isTenant));
        return page.Of(entries, entry => [entry.Number.ToString(CultureInfo.InvariantCulture)]);

        void Add(object? value, NpgsqlDbType type) =>
            command.Parameters.Add(new() { Value = value ?? DBNull.Value, NpgsqlDbType = type });
    }

    // Actor and reason stand beside the fact already, and are nothing for tenants.
    private static Entry Read(NpgsqlDataReader row, bool isTenant)
    {
        var fact = JsonNode.Parse(row.GetFieldValue<byte[]>(7))!.AsObject();
        fact.Remove("decision");
        var name = row.GetString(2);
        return new(
            row.GetInt64(0), row.GetFieldValue<DateTimeOffset>(1), name[Prefix.Length..^Suffix.Length],
            row.GetString(3), row.IsDBNull(4) ? null : row.GetString(4),
            isTenant ? null : row.GetString(5), isTenant ? null : row.GetString(6),
            JsonSerializer.SerializeToElement(fact));
    }
}
