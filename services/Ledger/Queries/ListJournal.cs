using Billing.Contracts.Values;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.Database.Paging;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Npgsql;
using NpgsqlTypes;

namespace Billing.Ledger.Queries;

/// <summary>Entries of the journal with all their postings, the newest first.</summary>
public static class ListJournal
{
    public const string Route = "/api/v1/ledger/journal";

    /// <summary>The read models that the view journal reads.</summary>
    internal static readonly string[] Models = ["journal", "charges"];

    /// <param name="Event">Its id; of a posted charge, the charge's.</param>
    /// <param name="What">The stored name of the event.</param>
    /// <param name="Booked">The beginning of the period that it is booked into.</param>
    public sealed record Entry(
        long Position, Guid Event, string What, string Tenant, DateTimeOffset EffectiveAt,
        DateTimeOffset RecordedAt, string? Subscription, DateTimeOffset? Booked, Guid? Invoice,
        IReadOnlyList<Posting> Postings);

    /// <param name="Amount">Debit above zero.</param>
    public sealed record Posting(string Account, Amount Amount, string? Meter);

    public static void Map(WebApplication app) =>
        app.MapGet(Route, List).RequireAuthorization(Policies.Tenant)
            .WithTags("Ledger").WithName("ListJournal")
            .WithSummary("Entries with their postings, the newest first.");

    private static async Task<Ok<PageAt<Entry>>> List(
        PageRequest page, HttpContext context, ServiceDatabase database, TimeProvider time,
        [FromQuery] string? tenant = null, [FromQuery] string? account = null,
        [FromQuery] string? currency = null, [FromQuery] string? meter = null,
        [FromQuery] Guid? invoice = null, [FromQuery] string? from = null, [FromQuery] string? to = null,
        [FromQuery] string? asOf = null, [FromQuery] string? knownAt = null)
    {
        var (caller, cancellation) = (Asker.Of(context, tenant), context.RequestAborted);
        return TypedResults.Ok(await database.At(
            caller, AskedMoment.Of(asOf, knownAt), Models, async (connection, moment) =>
            {
                var conditions = new Conditions();
                conditions.Named<TenantId>("j.tenant_id", caller.Tenant ?? tenant, "tenant");
                conditions.Named<Currency>("j.currency", currency, "currency");
                var postings = conditions.Part();
                postings.Named<MeterId>("m.meter", meter, "meter");
                LedgerAccounts.Add(postings, "m.account", account);
                if (invoice is { } id)
                    conditions.Add($"j.invoice_id = {conditions.Value(id, NpgsqlDbType.Uuid)}");
                conditions.Moment("j.effective_at", ">=", from, "from");
                conditions.Moment("j.effective_at", "<", to, "to");
                conditions.Add(
                    $"j.position <= {conditions.Value(page.Below() - 1 ?? moment.Position)} "
                    + $"and j.effective_at <= {conditions.Value(moment.Effective)}");
                var rows = await Read(conditions, postings, page.Fetch, connection, cancellation);
                return page.Of(moment, rows, row => row.Position);
            }, time, cancellation, page.GoOnAt()));
    }

    /// <param name="conditions">About the entry, by its first posting (j).</param>
    /// <param name="postings">About any one of its postings (m).</param>
    private static async Task<List<Entry>> Read(
        Conditions conditions, Conditions postings, int limit, NpgsqlConnection connection,
        CancellationToken cancellation)
    {
        if (!postings.IsEmpty)
            conditions.Add(
                $"exists (select from journal as m where m.position = j.position and {postings.Sql})");
        var rows = await conditions.Read(
            $"""
            select p.position, p.event_id, p.what, p.tenant_id, p.effective_at, p.recorded_at, p.subscription,
                p.period_start, p.invoice_id, p.account, {Cells.Amount("p.amount", "p.currency")}, p.meter
            from (select j.position from journal as j where j.line = 1 and {conditions.Sql}
                order by j.position desc limit {conditions.Value(limit, NpgsqlDbType.Integer)}) as e
            join journal as p on p.position = e.position order by p.position desc, p.line
            """, connection, ReadLine, cancellation);
        return [.. rows.GroupBy(row => row.Entry.Position).Select(lines => lines.First().Entry with
        {
            Postings = [.. lines.Select(line => line.Posting)],
        })];
    }

    private static (Entry Entry, Posting Posting) ReadLine(NpgsqlDataReader row) => (
        new(
            row.GetInt64(0), row.GetGuid(1), row.GetString(2), row.GetString(3), row.GetMoment(4),
            row.GetMoment(5), row.FindName(6), row.IsDBNull(7) ? null : row.GetMoment(7), row.FindGuid(8),
            []),
        new(row.GetString(9), row.GetAmount(10), row.FindName(11)));
}
