using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database.Idempotency;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.Pricing.Subscriptions;

/// <summary>Start, change and cancel over HTTP, by ops.</summary>
public static class ManageSubscriptions
{
    public const string Route = "/api/v1/subscriptions";

    /// <param name="From">Null: from now on.</param>
    /// <param name="TimeZone">A name of the time zone database: <c>Europe/Berlin</c>.</param>
    /// <param name="Anchor">The local day that periods are counted from; null: calendar months.</param>
    /// <param name="Country">Null: the tenant's.</param>
    /// <param name="Currency">Null: the country's.</param>
    public sealed record Start(
        SubscriptionId Subscription, TenantId Tenant, PlanId Plan, string Reason,
        DateTimeOffset? From = null, string TimeZone = "Etc/UTC", DateOnly? Anchor = null,
        string? Country = null, Currency? Currency = null, DateTimeOffset? TrialUntil = null);

    /// <summary>What is left out stays as it is.</summary>
    /// <param name="From">Null: from now on.</param>
    public sealed record Change(
        string Reason, DateTimeOffset? From = null, PlanId? Plan = null, string? Country = null,
        DateTimeOffset? TrialUntil = null);

    /// <param name="At">Null: now.</param>
    /// <param name="IsAtPeriodEnd">At the end of the period that is running now instead.</param>
    public sealed record Cancel(string Reason, DateTimeOffset? At = null, bool IsAtPeriodEnd = false);

    public static void Map(WebApplication app)
    {
        var group = app.MapGroup(Route).RequireAuthorization(Policies.Ops).WithTags("Subscriptions");
        group.MapPost("", StartOne).WithIdempotencyKey().WithName("StartSubscription")
            .WithSummary("A tenant subscribes to a plan, now or from another moment on.");
        group.MapPost("{subscription}/change", ChangeOne).WithIdempotencyKey().WithName("ChangeSubscription")
            .WithSummary("Another plan, country or end of trial from a moment on.");
        group.MapPost("{subscription}/cancel", CancelOne).WithIdempotencyKey().WithName("CancelSubscription")
            .WithSummary("It ends, now or at another moment.");
    }

    // What was rated of a tenant must not change under the decision, so its lane stands still.
    private static Task<Results<Ok<SubscriptionView>, ProblemHttpResult>> StartOne(
        Start wanted, HttpContext context, CatalogDesk desk, FindZone zones) => desk.Change(
            context, wanted.Reason, async (asked, author, cancellation) => StartSubscription.Decide(
                new(
                    wanted.Subscription, wanted.Tenant, wanted.Plan,
                    Moments.Utc(wanted.From) ?? asked.Now, author, wanted.TimeZone, wanted.Anchor,
                    wanted.Country, wanted.Currency, Moments.Utc(wanted.TrialUntil),
                    await RatedUses.Latest(asked.Connection, wanted.Tenant, null, cancellation)),
                asked.Catalog, zones, asked.Now),
            state => View(wanted.Subscription, state, zones, desk), wanted.Tenant);

    private static Task<Results<Ok<SubscriptionView>, ProblemHttpResult>> ChangeOne(
        string subscription, Change wanted, HttpContext context, CatalogDesk desk, FindZone zones) =>
        ChangeKnown(subscription, wanted.Reason, context, desk, zones, (known, asked, author, _) =>
            Task.FromResult(ChangeSubscription.Decide(
                new(
                    known.First.Subscription, Moments.Utc(wanted.From) ?? asked.Now, author, wanted.Plan,
                    wanted.Country, Moments.Utc(wanted.TrialUntil)), asked.Catalog, asked.Now)));

    private static Task<Results<Ok<SubscriptionView>, ProblemHttpResult>> CancelOne(
        string subscription, Cancel wanted, HttpContext context, CatalogDesk desk, FindZone zones) =>
        ChangeKnown(
            subscription, wanted.Reason, context, desk, zones, async (known, asked, author, cancellation) =>
                CancelSubscription.Decide(
                    new(
                        known.First.Subscription, At(wanted, known, asked.Now, zones), author,
                        await RatedUses.Latest(
                            asked.Connection, known.First.Tenant, known.First.Subscription, cancellation)),
                    asked.Catalog, asked.Now));

    private static async Task<Results<Ok<SubscriptionView>, ProblemHttpResult>> ChangeKnown(
        string subscription, string reason, HttpContext context, CatalogDesk desk, FindZone zones,
        Func<SubscriptionHistory, Catalog.Storage.ChangeAsked, Author, CancellationToken,
            Task<CatalogDecision>> decide)
    {
        var state = (await desk.Now(context.RequestAborted)).State;
        if (!ReadNames.InPath<SubscriptionId>(subscription, out var id)
            || !state.Subscriptions.TryGetValue(id, out var known))
            return CatalogDesk.NotFound("subscription");

        return await desk.Change(
            context, reason,
            (asked, author, cancellation) =>
                decide(asked.Catalog.Subscriptions[id], asked, author, cancellation),
            changed => View(id, changed, zones, desk), known.First.Tenant);
    }

    private static DateTimeOffset At(
        Cancel wanted, SubscriptionHistory known, DateTimeOffset now, FindZone zones) =>
        wanted.IsAtPeriodEnd && zones(known.First.TimeZone) is { } zone
            ? known.Period(now, zone).EndExclusive
            : Moments.Utc(wanted.At) ?? now;

    private static SubscriptionView View(
        SubscriptionId id, CatalogState state, FindZone zones, CatalogDesk desk) =>
        SubscriptionView.Of(state.Subscriptions[id], zones, desk.Time);
}
