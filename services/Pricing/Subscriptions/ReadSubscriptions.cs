using Billing.Contracts.Catalog;
using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.Pricing.Agreements;
using Billing.Pricing.Catalog;
using Billing.Pricing.Overage;
using Billing.Pricing.Prices;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.Database.Paging;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.Pricing.Subscriptions;

/// <summary>Subscriptions and their prices; staff sees all, a tenant its own.</summary>
public static class ReadSubscriptions
{
    /// <summary>What one meter costs under a subscription at a moment.</summary>
    /// <param name="Included">In each period.</param>
    /// <param name="IsIncludedAgreed">It was agreed with the tenant; else it is the plan's.</param>
    /// <param name="Prices">The first whose dimensions match counts. Empty: usage waits for a
    /// price.</param>
    public sealed record MeterTerms(
        MeterId Meter, string Unit, Quantity Included, bool IsIncludedAgreed, OverageSource Source,
        IReadOnlyList<Price> Prices);

    public sealed record Price(
        PriceRuleId Rule, int Version, PriceLevel Level, Properties? Where, PriceModelV1 Model,
        Amount? MinimumCommitment, Amount? MaximumCap);

    public static void Map(WebApplication app)
    {
        var group = app.MapGroup(ManageSubscriptions.Route).RequireAuthorization(Policies.Tenant)
            .WithTags("Subscriptions");
        group.MapGet("", List).WithName("ListSubscriptions")
            .WithSummary("Subscriptions by their ids; a tenant sees its own. Filter: tenant.");
        group.MapGet("{subscription}", Get).WithName("GetSubscription").WithSummary("One subscription.");
        group.MapGet("{subscription}/history", History).WithName("ListSubscriptionHistory")
            .WithSummary("How it became what it is, the newest first.");
        group.MapGet("{subscription}/prices", Prices).WithName("ListSubscriptionPrices")
            .WithSummary("What each meter costs under it, now or at another moment.");
    }

    private static async Task<Ok<Page<SubscriptionView>>> List(
        PageRequest page, HttpContext context, SubscriptionRows rows, FindZone zones, CatalogDesk desk,
        string? tenant = null)
    {
        var found = await rows.List(
            Caller.Of(context.User), tenant, page.After(1)?[0], page.Fetch, context.RequestAborted);
        var shown = found.Select(one => SubscriptionView.Of(one, zones, desk.Time)).ToList();
        return TypedResults.Ok(page.Of(shown, one => [one.Subscription.ToString()]));
    }

    private static async Task<Results<Ok<SubscriptionView>, ProblemHttpResult>> Get(
        string subscription, HttpContext context, SubscriptionRows rows, FindZone zones, CatalogDesk desk) =>
        await Find(subscription, context, rows) is { } found
            ? TypedResults.Ok(SubscriptionView.Of(found, zones, desk.Time))
            : CatalogDesk.NotFound("subscription");

    private static async Task<Results<Ok<Page<ListHistory.Entry>>, ProblemHttpResult>> History(
        string subscription, PageRequest page, HttpContext context, SubscriptionRows rows,
        ServiceDatabase database)
    {
        if (await Find(subscription, context, rows) is not { First.Tenant: var owner })
            return CatalogDesk.NotFound("subscription");

        var filter = new ListHistory.Filter(
            subscription, owner.ToString(), Kinds: typeof(SubscriptionSetV1));
        var aborted = context.RequestAborted;
        return TypedResults.Ok(Caller.Of(context.User).Tenant is { } own
            ? await database.AsTenant(own, (connection, _) => ListHistory.Of(
                page, filter, connection, isTenant: true, aborted), aborted)
            : await database.AsStaff((connection, _) => ListHistory.Of(
                page, filter, connection, isTenant: false, aborted), aborted));
    }

    private static async Task<Results<Ok<IReadOnlyList<MeterTerms>>, ProblemHttpResult>> Prices(
        string subscription, HttpContext context, SubscriptionRows rows, CatalogDesk desk,
        DateTimeOffset? at = null)
    {
        if (await Find(subscription, context, rows) is not { } found)
            return CatalogDesk.NotFound("subscription");

        var moment = Moments.Utc(at) ?? desk.Time;
        return found.InForce(moment) is { } terms
            ? TypedResults.Ok(Of(terms, moment, (await desk.Now(context.RequestAborted)).State))
            : Problems.Refuse(ProblemTypes.Unprocessable, "The subscription is not in force at that moment.");
    }

    /// <summary>All meters by their ids.</summary>
    internal static IReadOnlyList<MeterTerms> Of(
        SubscriptionSetV1 terms, DateTimeOffset at, CatalogState catalog) =>
    [
        .. catalog.Meters.Values.OrderBy(meter => meter.Meter.ToString(), StringComparer.Ordinal)
            .Select(meter => (Meter: meter, Included: AgreedAllowances.InForce(
                terms.Tenant, meter.Meter, terms.Plan, catalog, at)))
            .Select(one => (one.Meter, one.Included.Quantity, IsAgreed: one.Included.Version is not null))
            .Select(one => new MeterTerms(
                one.Meter.Meter, one.Meter.Unit, one.Quantity, one.IsAgreed,
                SetOverageSource.InForce(
                    catalog.OverageSources.GetValueOrDefault((terms.Tenant, one.Meter.Meter), []), at),
                [
                    .. catalog.Prices.InForce(
                        new(terms.Tenant, one.Meter.Meter, terms.Currency, terms.Plan, terms.Country), at)
                        .Select(Of),
                ])),
    ];

    private static Price Of(PriceMatch match) => new(
        match.Rule.Rule, match.Rule.Version, match.Level, match.Rule.Where, match.Rule.Model,
        match.Rule.MinimumCommitment, match.Rule.MaximumCap);

    private static async Task<SubscriptionHistory?> Find(
        string subscription, HttpContext context, SubscriptionRows rows) =>
        ReadNames.InPath<SubscriptionId>(subscription, out _)
            ? await rows.Find(Caller.Of(context.User), subscription, context.RequestAborted)
            : null;
}
