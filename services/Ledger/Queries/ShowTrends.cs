using Billing.Contracts.Values;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.Database.Paging;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Npgsql;

namespace Billing.Ledger.Queries;

/// <summary>How a tenant's usage of each meter goes, month by month.</summary>
public static class ShowTrends
{
    public const string Route = "/api/overages/merchant/trends";

    private const int UsualMonths = 6, MostMonths = 36;

    /// <summary>Months of UTC, by effective time.</summary>
    public sealed record Answer(long Position, DateTimeOffset? AsOf, IReadOnlyList<Trend> Trends);

    /// <param name="Months">The oldest first, without a gap; the last one is not over yet.</param>
    /// <param name="Line">Over the months that are over.</param>
    public sealed record Trend(
        string Meter, Currency Currency, IReadOnlyList<Month> Months, TrendLine Line, string Advice);

    /// <param name="Name">As 2026-03.</param>
    public sealed record Month(string Name, long Charges, Quantity Units, Amount Amount);

    public static void Map(WebApplication app) =>
        app.MapGet(Route, Show).RequireAuthorization(Policies.Tenant)
            .WithTags("Charges").WithName("ShowTrends")
            .WithSummary("A tenant's usage of each meter by month: direction, growth, advice.");

    private static async Task<Ok<Answer>> Show(
        HttpContext context, ServiceDatabase database, TimeProvider time,
        [FromQuery] string? tenant = null, [FromQuery] string? meter = null, [FromQuery] int? months = null,
        [FromQuery] string? asOf = null, [FromQuery] string? knownAt = null)
    {
        if (months is < 2 or > MostMonths)
            throw new RefusedRequestException($"'months' is a whole number from 2 to {MostMonths}.");

        var (caller, cancellation) = (Asker.Of(context, tenant), context.RequestAborted);
        var filter = new ChargeFilter { Tenant = tenant, Meter = meter };
        return TypedResults.Ok(await database.At(
            caller, AskedMoment.Of(asOf, knownAt), ["usage-days", "charges"], async (connection, moment) =>
            {
                var last = MonthOf(moment.AsOf ?? time.GetUtcNow());
                var first = last.AddMonths(1 - (months ?? UsualMonths));
                var rows = await Read(filter, caller, first, last, moment, connection, cancellation);
                return new Answer(moment.Position, moment.AsOf, [.. rows
                    .GroupBy(row => (row.Meter, row.Currency))
                    .Select(group => Of(group.Key.Meter, group.Key.Currency, [.. group], first, last))]);
            }, time, cancellation));
    }

    internal static Trend Of(
        string meter, Currency currency, IReadOnlyList<UsedMonth> used, DateOnly first, DateOnly last)
    {
        var months = new List<Month>();
        for (var month = first; month <= last; month = month.AddMonths(1))
        {
            var row = used.FirstOrDefault(one => one.Month == month);
            months.Add(new(
                $"{month:yyyy-MM}", row?.Charges ?? 0, row?.Units ?? Quantity.Zero,
                row?.Amount ?? Amount.Zero(currency)));
        }

        var line = TrendLine.Through([.. months.SkipLast(1).Select(month => month.Amount.ToDecimal())]);
        return new(meter, currency, months, line, line.Advice(meter));
    }

    internal static Task<List<UsedMonth>> Read(
        ChargeFilter filter, Caller caller, DateOnly first, DateOnly last, AnswerMoment moment,
        NpgsqlConnection connection, CancellationToken cancellation)
    {
        var conditions = new Conditions();
        conditions.Named<TenantId>("d.tenant_id", caller.Tenant ?? filter.Tenant, "tenant");
        conditions.Named<MeterId>("d.meter", filter.Meter, "meter");
        conditions.Add("d.meter <> ''");
        var (from, to) = (conditions.Value(Start(first)), conditions.Value(Start(last.AddMonths(1))));
        var days = moment.IsPresent
            ? "usage_days"
            : UsageSql.DaysAt(conditions.Value(moment.Position), conditions.Value(moment.Effective));
        return conditions.Read(
            $"""
            select d.meter, d.currency, date_trunc('month', d.day)::date as month, sum(d.charges)::bigint,
                trim_scale(sum(d.units))::text, {Cells.Amount("sum(d.amount)", "d.currency")}
            from {days} as d
            where {conditions.Sql} and d.day >= ({from} at time zone 'UTC')::date
                and d.day < ({to} at time zone 'UTC')::date
            group by 1, 2, 3 order by 1, 2, 3
            """,
            connection, row => new UsedMonth(
                row.GetString(0), Currency.Of(row.GetString(1)), row.GetFieldValue<DateOnly>(2),
                row.GetInt64(3), row.GetQuantity(4)!.Value, row.GetAmount(5)), cancellation);
    }

    private static DateOnly MonthOf(DateTimeOffset moment) =>
        new(moment.UtcDateTime.Year, moment.UtcDateTime.Month, 1);

    private static DateTimeOffset Start(DateOnly month) => new(month, TimeOnly.MinValue, TimeSpan.Zero);
}

/// <summary>What was used of a meter in a month.</summary>
internal sealed record UsedMonth(
    string Meter, Currency Currency, DateOnly Month, long Charges, Quantity Units, Amount Amount);
