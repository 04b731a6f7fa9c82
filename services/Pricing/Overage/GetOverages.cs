using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.Pricing.Overage;

/// <summary>The overages of a tenant in a period, meter by meter.</summary>
public static class GetOverages
{
    public const string Route = "/api/v1/billing/org/overages";

    /// <param name="Amount">Units over.</param>
    /// <param name="UnitPrice">Where each unit costs the same; else null.</param>
    /// <param name="Exact">Before it is rounded.</param>
    /// <param name="CostMinorUnits">Cents, where the currency has cents.</param>
    public sealed record Line(
        MeterId Meter, Quantity Amount, UnitPrice? UnitPrice, Amount Exact, Money Cost, long CostMinorUnits);

    /// <param name="Lines">Meters with nothing over are there with zeros.</param>
    public sealed record Answer(
        TenantId Tenant, BillingPeriod Period, IReadOnlyList<Line> Lines, Money Total, long TotalMinorUnits,
        DateTimeOffset AsOf);

    public static void Map(WebApplication app) =>
        app.MapGet(Route, Get).RequireAuthorization(Policies.Tenant).RequireFeature(Features.Billing)
            .WithTags("Usage").WithName("GetOverages")
            .WithSummary("What is over in a period and what it costs; staff names a tenant.");

    /// <param name="at">A moment in another period.</param>
    private static async Task<Results<Ok<Answer>, ProblemHttpResult>> Get(
        HttpContext context, ReadUsage usage, string? tenant = null, DateTimeOffset? at = null)
    {
        var caller = Caller.Of(context.User);
        return await usage.Of(caller, ReadUsage.TenantOf(caller, tenant), at, context.RequestAborted)
            is { } standing
                ? TypedResults.Ok(Of(standing))
                : CatalogDesk.NotFound("tenant, or it has no currency yet");
    }

    private static Answer Of(ReadUsage.Standing standing)
    {
        var overages = OrgOverages.Of(
            standing.Tenant, standing.Period, standing.Currency, standing.Views());
        return new(
            overages.Tenant, overages.Period,
            [
                .. overages.Lines.Select(line => new Line(
                    line.Meter, line.Amount, line.UnitPrice, line.Exact, line.Cost, line.Cost.MinorUnits)),
            ],
            overages.Total, overages.Total.MinorUnits, standing.AsOf);
    }
}
