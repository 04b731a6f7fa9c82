using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.Pricing.Catalog.Storage;
using Billing.Pricing.Rating;
using Billing.Pricing.Rating.Taking;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.Database.Idempotency;
using Billing.ServiceDefaults.UsagePath.Waiting;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Billing.Pricing.Overage;

/// <summary>
/// The overages of a period once more, beside those that were charged. It charges nothing itself: only the
/// owner of the lane rates, so where a change of the catalog is not rated yet it is asked to. Asked again, it
/// says the same.
/// </summary>
public static class RecalculateOverages
{
    public const string Route = $"{GetOverages.Route}/recalculate";

    /// <param name="Force">From every single use, and not only from their sums.</param>
    /// <param name="Tenant">For staff.</param>
    /// <param name="At">A moment in another period.</param>
    public sealed record Wanted(bool Force = false, string? Tenant = null, DateTimeOffset? At = null);

    /// <param name="Charged">What the ratings of the period come to.</param>
    /// <param name="Recalculated">What they should come to.</param>
    /// <param name="Uses">How many are in it.</param>
    /// <param name="IsBehind">A change of the catalog is not rated yet.</param>
    public sealed record Line(
        MeterId Meter, Amount Charged, Amount Recalculated, long Uses, bool Agrees, bool IsBehind);

    public sealed record Answer(
        TenantId Tenant, BillingPeriod Period, bool IsForced, IReadOnlyList<Line> Lines, bool Agrees,
        DateTimeOffset AsOf);

    public static void Map(WebApplication app) =>
        app.MapPost(Route, Post).RequireAuthorization(Policies.Tenant).RequireFeature(Features.Billing)
            .WithIdempotencyKey(required: false).WithTags("Usage").WithName("RecalculateOverages")
            .WithSummary("Reckons the overages of a period again and compares; force counts every use.");

    private static async Task<Results<Ok<Answer>, ProblemHttpResult>> Post(
        Wanted wanted, HttpContext context, ReadUsage usage, ServiceDatabase database, Inbox inbox)
    {
        var (caller, aborted) = (Caller.Of(context.User), context.RequestAborted);
        var tenant = ReadUsage.TenantOf(caller, wanted.Tenant);
        var found = await usage.Of(
            caller, tenant, wanted.At,
            (standing, connection) =>
                new Recount(standing, Lines(standing, wanted.Force ? connection : null)), aborted);
        if (found is not var (standing, lines))
            return CatalogDesk.NotFound("tenant, or it has no currency yet");

        if (lines.Any(line => line.IsBehind)) await Ask(standing, database, inbox, aborted);
        return TypedResults.Ok(new Answer(
            standing.Tenant, standing.Period, wanted.Force, lines, lines.All(line => line.Agrees),
            standing.AsOf));
    }

    private sealed record Recount(ReadUsage.Standing Standing, List<Line> Lines);

    /// <param name="connection">Null: from the sums.</param>
    private static List<Line> Lines(ReadUsage.Standing standing, NpgsqlConnection? connection)
    {
        var total = new PeriodTotal { IsTraced = false };
        return
        [
            .. standing.Meters.Select(meter =>
            {
                var (terms, tally) = (meter.Terms, meter.Tally);
                var counted = connection is null || tally.Taken == 0
                    ? tally
                    : RateTerms.Recount(
                        terms, tally, UseRows.Taken(connection, meter.Key.Id).Select(row => row.Use));
                var recalculated = total.Of(terms, counted.Cells, counted.IsAnswered);
                return new Line(
                    meter.Key.Meter, tally.Total, recalculated, counted.Taken,
                    recalculated == tally.Total && counted.Taken == tally.Taken, meter.IsBehind);
            }),
        ];
    }

    // The same ask for the same number of the catalog is one row.
    private static async Task Ask(
        ReadUsage.Standing standing, ServiceDatabase database, Inbox inbox, CancellationToken cancellation)
    {
        await using var connection = await database.Writer.OpenConnectionAsync(cancellation);
        await using var last = new NpgsqlCommand(
            "select fact_id from catalog_facts where number = $1", connection)
        {
            Parameters = { new() { Value = standing.Catalog.Number } },
        };
        var fact = new FactId((Guid)(await last.ExecuteScalarAsync(cancellation))!);
        var terms = new TermsChanged(standing.Tenant, standing.Catalog.Number, [new(fact)]);
        await Inbox.Leave(connection, [terms.Row(fact.Value, standing.AsOf)], cancellation);
        inbox.Poke();
    }
}
