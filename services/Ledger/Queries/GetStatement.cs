using Billing.Contracts.Values;
using Billing.Ledger.Accounts;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.Database.Paging;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Npgsql;
using NpgsqlTypes;

namespace Billing.Ledger.Queries;

/// <summary>
/// What a tenant owed at the beginning of a span of time, what moved it, and what was owed at its end. The
/// movements come in pages; opening and closing are of the whole span on each.
/// </summary>
public static class GetStatement
{
    public const string Route = "/api/v1/ledger/statements";

    /// <param name="From">By effective time.</param>
    /// <param name="To">Not in the span any more.</param>
    /// <param name="Movements">In the order in which they took effect.</param>
    public sealed record Answer(
        long Position, DateTimeOffset? AsOf, string Tenant, string Account, DateTimeOffset From,
        DateTimeOffset To, Amount Opening, IReadOnlyList<Movement> Movements, Amount Closing,
        string? NextCursor);

    /// <param name="Amount">Debit above zero.</param>
    public sealed record Movement(
        DateTimeOffset EffectiveAt, DateTimeOffset RecordedAt, long Position, int Line, Guid Event,
        string What, Amount Amount, string? Meter, Guid? Invoice);

    /// <summary>What the statement is of.</summary>
    internal sealed record Asked(
        string Tenant, Account Account, Currency Currency, DateTimeOffset From, DateTimeOffset To);

    public static void Map(WebApplication app) =>
        app.MapGet(Route, Get).RequireAuthorization(Policies.Tenant)
            .WithTags("Ledger").WithName("GetStatement")
            .WithSummary("Opening balance, movements and closing balance of an account of a tenant.");

    private static async Task<Ok<Answer>> Get(
        PageRequest page, HttpContext context, ServiceDatabase database, TimeProvider time,
        string currency, string from, string to, [FromQuery] string? tenant = null,
        [FromQuery] string? account = null, [FromQuery] string? asOf = null,
        [FromQuery] string? knownAt = null)
    {
        var (caller, cancellation) = (Asker.Of(context, tenant), context.RequestAborted);
        var asked = Read(caller.Tenant ?? tenant, account, currency, from, to);
        var after = page.After(4);
        var goOnAt = after is null ? null : AskedMoment.Of(null, after[0]).Position;
        return TypedResults.Ok(await database.At(
            caller, AskedMoment.Of(asOf, knownAt), ListJournal.Models, async (connection, moment) =>
            {
                var (opening, closing) = await Ends(asked, moment, connection, cancellation);
                var whole = page.Of(
                    await Movements(asked, moment, after, page.Fetch, connection, cancellation),
                    row => [$"{moment.Position}", $"{row.EffectiveAt:O}", $"{row.Position}", $"{row.Line}"]);
                return new Answer(
                    moment.Position, moment.AsOf, asked.Tenant, Chart.Word(asked.Account), asked.From,
                    asked.To, opening, whole.Items, closing, whole.NextCursor);
            }, time, cancellation, goOnAt));
    }

    private static Asked Read(string? tenant, string? account, string currency, string from, string to)
    {
        if (tenant is null) throw new RefusedRequestException("Say which 'tenant'.");
        if (!Text.TryRead<TenantId>(tenant, out _))
            throw new RefusedRequestException("'tenant' is not a TenantId.");
        if (!Text.TryRead<Currency>(currency, out var known))
            throw new RefusedRequestException("'currency' is not a Currency.");

        var asked = new Asked(
            tenant, LedgerAccounts.Find(account) ?? Account.AccountsReceivable, known,
            AskedMoment.Read(from, "from")!.Value, AskedMoment.Read(to, "to")!.Value);
        return asked.To > asked.From
            ? asked
            : throw new RefusedRequestException("'to' is not after 'from'.");
    }

    internal static async Task<(Amount Opening, Amount Closing)> Ends(
        Asked asked, AnswerMoment moment, NpgsqlConnection connection, CancellationToken cancellation)
    {
        var conditions = Known(asked, moment);
        var start = conditions.Value(asked.From);
        var code = conditions.Value(asked.Currency.Code);
        return (await conditions.Read(
            $"""
            select {Cells.Amount($"coalesce(sum(amount) filter (where effective_at < {start}), 0)", code)},
                {Cells.Amount("coalesce(sum(amount), 0)", code)}
            from journal where {conditions.Sql}
            """, connection, row => (row.GetAmount(0), row.GetAmount(1)), cancellation))[0];
    }

    internal static Task<List<Movement>> Movements(
        Asked asked, AnswerMoment moment, IReadOnlyList<string>? after, int limit,
        NpgsqlConnection connection, CancellationToken cancellation)
    {
        var conditions = Known(asked, moment);
        conditions.Add($"effective_at >= {conditions.Value(asked.From)}");
        if (after is not null)
            conditions.Add(
                $"(effective_at, position, line) > ({conditions.Value(after[1])}::timestamptz, "
                + $"{conditions.Value(after[2])}::bigint, {conditions.Value(after[3])}::int)");
        return conditions.Read(
            $"""
            select effective_at, recorded_at, position, line, event_id, what,
                {Cells.Amount("amount", "currency")}, meter, invoice_id
            from journal where {conditions.Sql} order by effective_at, position, line
            limit {conditions.Value(limit, NpgsqlDbType.Integer)}
            """,
            connection, row => new Movement(
                row.GetMoment(0), row.GetMoment(1), row.GetInt64(2), row.GetInt32(3), row.GetGuid(4),
                row.GetString(5), row.GetAmount(6), row.FindName(7), row.FindGuid(8)), cancellation);
    }

    private static Conditions Known(Asked asked, AnswerMoment moment)
    {
        var conditions = new Conditions();
        conditions.Add($"tenant_id = {conditions.Value(asked.Tenant)}");
        conditions.Add($"account = {conditions.Value(Chart.Word(asked.Account))}");
        conditions.Add($"currency = {conditions.Value(asked.Currency.Code)}");
        conditions.Add($"effective_at < {conditions.Value(asked.To)}");
        conditions.Add($"position <= {conditions.Value(moment.Position)}");
        conditions.Add($"effective_at <= {conditions.Value(moment.Effective)}");
        return conditions;
    }
}
