using Billing.Contracts.Values;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.Database.Paging;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Npgsql;
using NpgsqlTypes;

namespace Billing.Ledger.Queries;

/// <summary>A tenant's grants of credit, what became of each, and what is left.</summary>
public static class ListCredit
{
    public const string Route = "/api/v1/ledger/credit";

    // What was taken of a grant is said by events that name it, so that any past moment can be asked.
    private const string Grants =
        """
        with moved as materialized (
            select j.position, j.event_id, j.what, j.tenant_id, j.currency, j.effective_at, j.recorded_at,
                e.data
            from journal_entries as j cross join lateral ledger_event(j.event_id) as e
            where {0}
        ), taken as (
            select t.grant_id, sum(t.applied) as applied, sum(t.ended) as ended
            from (
                select (part ->> 'grant')::uuid as grant_id,
                    split_part(part ->> 'money', ' ', 1)::numeric as applied, 0 as ended
                from moved, jsonb_array_elements(data -> 'parts') as part where what = 'credit_applied'
                union all
                select (data ->> 'grant')::uuid, 0, split_part(data ->> 'money', ' ', 1)::numeric
                from moved where what = 'credit_expired'
            ) as t group by t.grant_id
        ), grants as (
            select m.*, split_part(m.data ->> 'money', ' ', 1)::numeric as granted,
                coalesce(t.applied, 0) as applied, coalesce(t.ended, 0) as ended,
                (m.data ->> 'expiresAt')::timestamptz as expires_at
            from moved as m left join taken as t on t.grant_id = m.event_id where m.what = 'credit_granted'
        )
        """;

    /// <param name="Grant">Names it for ever.</param>
    /// <param name="Applied">What has paid invoices.</param>
    /// <param name="Ended">What was taken back, because its time was over or a person ended it.</param>
    /// <param name="ExpiresAt">From this moment on it cannot be applied; null: never.</param>
    public sealed record GrantedCredit(
        long Position, Guid Grant, string Tenant, Amount Granted, Amount Applied, Amount Ended, Amount Left,
        DateTimeOffset EffectiveAt, DateTimeOffset RecordedAt, DateTimeOffset? ExpiresAt, string Actor,
        string? Reason);

    public static void Map(WebApplication app) =>
        app.MapGet(Route, List).RequireAuthorization(Policies.Tenant)
            .WithTags("Ledger").WithName("ListCredit")
            .WithSummary("A tenant's grants of credit and what is left of each, the newest first.");

    private static async Task<Ok<PageAt<GrantedCredit>>> List(
        PageRequest page, HttpContext context, ServiceDatabase database, TimeProvider time,
        [FromQuery] string? tenant = null, [FromQuery] string? currency = null,
        [FromQuery] bool usable = false, [FromQuery] string? asOf = null, [FromQuery] string? knownAt = null)
    {
        var (caller, cancellation) = (Asker.Of(context, tenant), context.RequestAborted);
        var about = caller.Tenant ?? tenant ?? throw new RefusedRequestException("Say which 'tenant'.");
        return TypedResults.Ok(await database.At(
            caller, AskedMoment.Of(asOf, knownAt), ListJournal.Models, async (connection, moment) =>
            {
                var entries = new Conditions();
                entries.Add(
                    "j.line = 1 and j.what in ('credit_granted', 'credit_applied', 'credit_expired')");
                entries.Named<TenantId>("j.tenant_id", about, "tenant");
                entries.Named<Currency>("j.currency", currency, "currency");
                entries.Add(
                    $"j.position <= {entries.Value(moment.Position)} "
                    + $"and j.effective_at <= {entries.Value(moment.Effective)}");
                var grants = entries.Part();
                if (page.Below() is { } below) grants.Add($"g.position < {grants.Value(below)}");
                if (usable) AddUsable(grants, moment.AsOf ?? time.GetUtcNow());
                var rows = await Read(entries, grants, page.Fetch, connection, cancellation);
                return page.Of(moment, rows, row => row.Position);
            }, time, cancellation, page.GoOnAt()));
    }

    private static void AddUsable(Conditions grants, DateTimeOffset at) => grants.Add(
        "g.granted > g.applied + g.ended "
        + $"and (g.expires_at is null or g.expires_at > {grants.Value(at)})");

    private static Task<List<GrantedCredit>> Read(
        Conditions entries, Conditions grants, int limit, NpgsqlConnection connection,
        CancellationToken cancellation) => entries.Read(
            $"""
            {Grants.Replace("{0}", entries.Sql, StringComparison.Ordinal)}
            select g.position, g.event_id, g.tenant_id, {Cells.Amount("g.granted", "g.currency")},
                {Cells.Amount("g.applied", "g.currency")}, {Cells.Amount("g.ended", "g.currency")},
                {Cells.Amount("g.granted - g.applied - g.ended", "g.currency")}, g.effective_at,
                g.recorded_at, g.expires_at, g.data -> 'origin' ->> 'actor', g.data -> 'origin' ->> 'reason'
            from grants as g where {grants.Sql} order by g.position desc
            limit {entries.Value(limit, NpgsqlDbType.Integer)}
            """,
            connection, row => new GrantedCredit(
                row.GetInt64(0), row.GetGuid(1), row.GetString(2), row.GetAmount(3), row.GetAmount(4),
                row.GetAmount(5), row.GetAmount(6), row.GetMoment(7), row.GetMoment(8),
                row.IsDBNull(9) ? null : row.GetMoment(9), row.GetString(10), row.FindName(11)),
            cancellation);
}
