using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.Pricing.Subscriptions;
using Billing.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.Pricing.Overage;

/// <summary>
/// What a tenant has used in its period, what that costs so far, and under which subscription.
/// </summary>
public static class GetUsage
{
    public const string Route = "/api/v1/billing/usage/current";

    /// <param name="Subscription">Null: usage without one, by calendar months of UTC.</param>
    /// <param name="OverageTotal">Each meter's cost rounded as an invoice line is, added up.</param>
    /// <param name="AsOf">When it was read; what was under way then is not in it.</param>
    /// <param name="CatalogNumber">The catalog's number by then.</param>
    /// <param name="IsBehind">A change of prices or plan is known and not reckoned in yet.</param>
    public sealed record Answer(
        TenantId Tenant, SubscriptionView? Subscription, BillingPeriod Period, Currency Currency,
        IReadOnlyList<UsageView> Meters, Money OverageTotal, DateTimeOffset AsOf, long CatalogNumber,
        bool IsBehind);

    public static void Map(WebApplication app) =>
        app.MapGet(Route, Get).RequireAuthorization(Policies.Tenant).RequireFeature(Features.Billing)
            .WithTags("Usage").WithName("GetCurrentUsage")
            .WithSummary("Usage, overages and subscription of the current period; staff names a tenant.");

    /// <param name="at">A moment in another period.</param>
    private static async Task<Results<Ok<Answer>, ProblemHttpResult>> Get(
        HttpContext context, ReadUsage usage, FindZone zones, string? tenant = null,
        DateTimeOffset? at = null)
    {
        var caller = Caller.Of(context.User);
        return await usage.Of(caller, ReadUsage.TenantOf(caller, tenant), at, context.RequestAborted)
            is { } standing
                ? TypedResults.Ok(Of(standing, zones))
                : CatalogDesk.NotFound("tenant, or it has no currency yet");
    }

    private static Answer Of(ReadUsage.Standing standing, FindZone zones)
    {
        var views = standing.Views();
        return new(
            standing.Tenant,
            standing.Subscription is { } subscription
                ? SubscriptionView.Of(subscription, zones, standing.AsOf)
                : null,
            standing.Period, standing.Currency, views,
            OrgOverages.Of(standing.Tenant, standing.Period, standing.Currency, views).Total, standing.AsOf,
            standing.Catalog.Number, standing.Meters.Any(meter => meter.IsBehind));
    }
}
