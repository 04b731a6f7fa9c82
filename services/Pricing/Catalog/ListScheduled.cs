using Billing.Contracts.Catalog;
using Billing.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.Pricing.Catalog;

/// <summary>What was decided and has not taken effect yet, in the order in which it will.</summary>
public static class ListScheduled
{
    public const string Route = "/api/v1/catalog/scheduled";
    public const int Most = 1000;

    /// <param name="What">plan, price, end of a price, subscription, end of a subscription, end of a trial,
    /// or overage source.</param>
    /// <param name="Key">The plan, rule, subscription or tenant.</param>
    public sealed record Item(
        DateTimeOffset From, string What, string Key, string? Tenant, string Actor, string Reason);

    public static void Map(WebApplication app) =>
        app.MapGet(Route, Get).RequireAuthorization(Policies.Finance)
            .WithTags("Catalog").WithName("ListScheduledChanges")
            .WithSummary("The next 1,000 changes of the catalog that take effect later, the next one first.");

    private static async Task<Ok<IReadOnlyList<Item>>> Get(HttpContext context, CatalogDesk desk) =>
        TypedResults.Ok(Of((await desk.Now(context.RequestAborted)).State, desk.Time));

    internal static IReadOnlyList<Item> Of(CatalogState state, DateTimeOffset now) =>
    [
        .. All(state).Where(item => item.From > now && item.From < DateTimeOffset.MaxValue)
            .OrderBy(item => item.From).ThenBy(item => item.Key, StringComparer.Ordinal).Take(Most),
    ];

    private static IEnumerable<Item> All(CatalogState state)
    {
        foreach (var plan in state.Plans.Values.SelectMany(plan => plan.Versions))
            yield return Make(plan.From, "plan", plan.Plan, null, plan.Decision);

        foreach (var rule in state.Rules.Values)
            foreach (var (from, until, version) in rule.Spans())
            {
                yield return Make(from, "price", version.Rule, version.Tenant, version.Decision);
                yield return Make(until, "end of a price", version.Rule, version.Tenant, version.Decision);
            }

        foreach (var subscription in state.Subscriptions.Values)
        {
            var newest = subscription.Newest;
            foreach (var set in subscription.Facts)
                yield return Make(set.From, "subscription", set.Subscription, set.Tenant, set.Decision);
            if (newest.Until is { } end)
                yield return Make(
                    end, "end of a subscription", newest.Subscription, newest.Tenant, newest.Decision);
            if (newest.TrialUntil is { } trial)
                yield return Make(
                    trial, "end of a trial", newest.Subscription, newest.Tenant, newest.Decision);
        }

        foreach (var source in state.OverageSources.Values.SelectMany(sources => sources))
            yield return Make(source.From, "overage source", source.Tenant, source.Tenant, source.Decision);
    }

    private static Item Make(
        DateTimeOffset from, string what, object key, object? tenant, DecisionV1 decision) =>
        new(from, what, key.ToString()!, tenant?.ToString(), decision.Actor, decision.Reason);
}
