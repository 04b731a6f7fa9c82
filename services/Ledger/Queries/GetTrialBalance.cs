using Billing.Contracts.Values;
using Billing.Ledger.Accounts;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Npgsql;

namespace Billing.Ledger.Queries;

/// <summary>Debits and credits of every account over all tenants. In each currency they are equal.</summary>
public static class GetTrialBalance
{
    public const string Route = "/api/v1/ledger/trial-balance";

    public sealed record Answer(long Position, DateTimeOffset? AsOf, IReadOnlyList<OfCurrency> Currencies);

    /// <param name="IsBalanced">Debits and credits are equal, as they must be.</param>
    public sealed record OfCurrency(
        Currency Currency, IReadOnlyList<Row> Accounts, Amount Debits, Amount Credits, bool IsBalanced);

    /// <param name="Balance">Debit above zero.</param>
    public sealed record Row(
        string Account, string Number, string Name, Amount Debits, Amount Credits, Amount Balance);

    public static void Map(WebApplication app) =>
        app.MapGet(Route, Get).RequireAuthorization(Policies.Finance)
            .WithTags("Ledger").WithName("GetTrialBalance")
            .WithSummary("Debits and credits of every account over all tenants, by currency.");

    private static async Task<Ok<Answer>> Get(
        HttpContext context, ServiceDatabase database, TimeProvider time,
        [FromQuery] string? currency = null, [FromQuery] string? period = null,
        [FromQuery] string? asOf = null, [FromQuery] string? knownAt = null)
    {
        var (caller, cancellation) = (Caller.Of(context.User), context.RequestAborted);
        return TypedResults.Ok(await database.At(
            caller, AskedMoment.Of(asOf, knownAt), ["trial-balance", .. ListJournal.Models],
            (connection, moment) => Of(currency, period, moment, connection, cancellation), time,
            cancellation));
    }

    /// <param name="period">The month (UTC) in which postings took effect; null: all.</param>
    internal static async Task<Answer> Of(
        string? currency, string? period, AnswerMoment moment, NpgsqlConnection connection,
        CancellationToken cancellation, bool byRows = false)
    {
        var conditions = new Conditions();
        conditions.Named<Currency>("t.currency", currency, "currency");
        var sums = moment.IsPresent && !byRows
            ? "(select *, month::timestamp at time zone 'UTC' as at from trial_balance)"
            : $"""
            (select currency, account, effective_at as at, greatest(amount, 0) as debits,
                -least(amount, 0) as credits
            from journal where position <= {conditions.Value(moment.Position)}
                and effective_at <= {conditions.Value(moment.Effective)})
            """;
        conditions.Month("t.at", period, "period");
        var rows = await conditions.Read(
            $"""
            select t.account, {Cells.Amount("sum(t.debits)", "t.currency")},
                {Cells.Amount("sum(t.credits)", "t.currency")}
            from {sums} as t where {conditions.Sql} group by t.currency, t.account
            """,
            connection, row => RowOf(row.GetString(0), row.GetAmount(1), row.GetAmount(2)), cancellation);
        return new(moment.Position, moment.AsOf, [.. rows.GroupBy(row => row.Debits.Currency)
            .OrderBy(group => group.Key.Code, StringComparer.Ordinal)
            .Select(group => Total(group.Key, group))]);
    }

    private static Row RowOf(string account, Amount debits, Amount credits)
    {
        var chart = Chart.Called(account)!;
        return new(account, chart.Number, chart.Name, debits, credits, debits - credits);
    }

    private static OfCurrency Total(Currency currency, IEnumerable<Row> rows)
    {
        var all = rows.OrderBy(row => row.Number, StringComparer.Ordinal).ToList();
        var debits = Amount.Sum(all.Select(row => row.Debits), currency);
        var credits = Amount.Sum(all.Select(row => row.Credits), currency);
        return new(currency, all, debits, credits, debits == credits);
    }
}
