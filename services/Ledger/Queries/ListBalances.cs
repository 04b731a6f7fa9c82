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

/// <summary>What the accounts of tenants stand at.</summary>
public static class ListBalances
{
    public const string Route = "/api/v1/ledger/balances";

    private static readonly string[] Models = ["balances", .. ListJournal.Models];

    /// <param name="Number">Finance's number of the account.</param>
    /// <param name="Balance">Debit above zero.</param>
    public sealed record Row(
        string Tenant, string Account, string Number, string Name, string? Meter, Amount Balance);

    public static void Map(WebApplication app) =>
        app.MapGet(Route, List).RequireAuthorization(Policies.Tenant)
            .WithTags("Ledger").WithName("ListBalances")
            .WithSummary("What each account of a tenant stands at, by currency and meter.");

    private static async Task<Ok<PageAt<Row>>> List(
        PageRequest page, HttpContext context, ServiceDatabase database, TimeProvider time,
        [FromQuery] string? tenant = null, [FromQuery] string? account = null,
        [FromQuery] string? currency = null, [FromQuery] string? asOf = null,
        [FromQuery] string? knownAt = null)
    {
        var (caller, cancellation) = (Asker.Of(context, tenant), context.RequestAborted);
        var after = page.After(5);
        var goOnAt = after is null ? null : AskedMoment.Of(null, after[0]).Position;
        return TypedResults.Ok(await database.At(
            caller, AskedMoment.Of(asOf, knownAt), Models, async (connection, moment) =>
            {
                var conditions = new Conditions();
                conditions.Named<TenantId>("b.tenant_id", caller.Tenant ?? tenant, "tenant");
                conditions.Named<Currency>("b.currency", currency, "currency");
                LedgerAccounts.Add(conditions, "b.account", account);
                if (after is not null)
                    conditions.Add(
                        "(b.tenant_id, b.currency, b.account, b.meter) > "
                        + $"({string.Join(", ", after.Skip(1).Select(conditions.Value))})");
                var rows = await Read(conditions, moment, page.Fetch, connection, cancellation);
                var whole = page.Of(rows, row =>
                [
                    $"{moment.Position}", row.Tenant, row.Balance.Currency.Code, row.Account, row.Meter ?? "",
                ]);
                return new PageAt<Row>(moment.Position, moment.AsOf, whole.Items, whole.NextCursor);
            }, time, cancellation, goOnAt));
    }

    internal static Task<List<Row>> Read(
        Conditions conditions, AnswerMoment moment, int limit, NpgsqlConnection connection,
        CancellationToken cancellation, bool byRows = false)
    {
        var balances = moment.IsPresent && !byRows
            ? "balances"
            : $"""
            (select tenant_id, currency, account, meter, sum(amount) as balance from journal
            where position <= {conditions.Value(moment.Position)}
                and effective_at <= {conditions.Value(moment.Effective)}
            group by tenant_id, currency, account, meter)
            """;
        return conditions.Read(
            $"""
            select b.tenant_id, b.account, b.meter, {Cells.Amount("b.balance", "b.currency")}
            from {balances} as b where {conditions.Sql}
            order by b.tenant_id, b.currency, b.account, b.meter
            limit {conditions.Value(limit, NpgsqlDbType.Integer)}
            """,
            connection, row =>
            {
                var chart = Chart.Called(row.GetString(1))!;
                return new Row(
                    row.GetString(0), row.GetString(1), chart.Number, chart.Name, row.FindName(2),
                    row.GetAmount(3));
            }, cancellation);
    }
}
