using Billing.Contracts.Values;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Billing.Ledger.Queries;

/// <summary>
/// How many charges are pending, billed, voided and taken back, and of how much, by currency and meter.
/// </summary>
public static class SummarizeCharges
{
    public const string MerchantRoute = "/api/overages/merchant/summary";
    public const string OpsRoute = "/api/overages/ops/summary";

    /// <param name="Tenants">How many have charges among these.</param>
    public sealed record Answer(
        long Position, DateTimeOffset? AsOf, long Tenants, IReadOnlyList<Line> Totals,
        IReadOnlyList<Line> Meters);

    /// <param name="Meter">Null in totals, and for charges without one, such as fees.</param>
    public sealed record Line(
        Currency Currency, string? Meter, Sum Pending, Sum Billed, Sum Voided, Sum TakenBack);

    /// <param name="Amount">What is left of them; of voided ones, what was charged.</param>
    public sealed record Sum(long Charges, Amount Amount)
    {
        internal Sum And(Sum more) => new(Charges + more.Charges, Amount + more.Amount);
    }

    public static void Map(WebApplication app)
    {
        app.MapGet(MerchantRoute, Summarize).RequireAuthorization(Policies.Tenant)
            .WithTags("Charges").WithName("SummarizeOwnCharges")
            .WithSummary("A tenant's charges in sums, by what has become of them.");
        app.MapGet(OpsRoute, Summarize).RequireAuthorization(Policies.Finance)
            .WithTags("Charges").WithName("SummarizeCharges")
            .WithSummary("Charges of all tenants in sums, by what has become of them.");
    }

    private static async Task<Ok<Answer>> Summarize(
        [AsParameters] ChargeFilter filter, HttpContext context, ServiceDatabase database, TimeProvider time)
    {
        var (caller, cancellation) = (Asker.Of(context, filter.Tenant), context.RequestAborted);
        return TypedResults.Ok(await database.At(
            caller, filter.Moment, ChargesAt.Models,
            (connection, moment) => Of(filter, caller, moment, connection, cancellation), time,
            cancellation));
    }

    /// <param name="byRows">Adds rows up even where the sums are kept.</param>
    internal static async Task<Answer> Of(
        ChargeFilter filter, Caller caller, AnswerMoment moment, NpgsqlConnection connection,
        CancellationToken cancellation, bool byRows = false)
    {
        var conditions = new Conditions();
        var rows = moment.IsPresent && filter.IsOfTotals && !byRows
            ? SummarySql.Kept(filter, caller, conditions, moment)
            : SummarySql.Added(filter, caller, conditions, moment);
        var lines = await conditions.Read(
            SummarySql.ByMeter(rows), connection, row => (Tenants: row.GetInt64(0), Line: Read(row)),
            cancellation);
        return new(
            moment.Position, moment.AsOf, lines.Count == 0 ? 0 : lines[0].Tenants,
            [.. lines.Select(row => row.Line).GroupBy(line => line.Currency).Select(Total)],
            [.. lines.Select(row => row.Line)]);
    }

    private static Line Read(NpgsqlDataReader row)
    {
        var currency = Currency.Of(row.GetString(1));
        return new(currency, row.FindName(2), SumAt(3), SumAt(5), SumAt(7), SumAt(9));

        Sum SumAt(int column) => new(row.GetInt64(column), row.GetAmount(column + 1));
    }

    private static Line Total(IEnumerable<Line> lines) => lines.Aggregate((sum, line) => new(
        sum.Currency, null, sum.Pending.And(line.Pending), sum.Billed.And(line.Billed),
        sum.Voided.And(line.Voided), sum.TakenBack.And(line.TakenBack))) with
    { Meter = null };
}
