using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.Database.Idempotency;
using Billing.ServiceDefaults.Database.Paging;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.Pricing.Prices;

/// <summary>Price rules over HTTP: ops publishes and retires, staff reads.</summary>
public static class ManagePrices
{
    public const string Route = "/api/overages/ops/pricing";

    /// <param name="Plan">Null: for all plans, and for usage without one; as country and tenant.</param>
    /// <param name="From">Null: from now on.</param>
    /// <param name="Where">Only for usage that has all these values in dimensions of the meter.</param>
    /// <param name="IsBackdated">A moment that is over is meant: usage since then is rated anew.</param>
    public sealed record Wanted(
        PriceRuleId Rule, MeterId Meter, Currency Currency, PriceModelV1 Model, string Reason,
        PlanId? Plan = null, string? Country = null, TenantId? Tenant = null, Properties? Where = null,
        Amount? MinimumCommitment = null, Amount? MaximumCap = null, DateTimeOffset? From = null,
        DateTimeOffset? Until = null, bool IsBackdated = false)
    {
        internal PublishPrice.Command Command(DateTimeOffset now, Author author) => new(
            Rule, Meter, Currency, Model, Moments.Utc(From) ?? now, author, Plan, Country, Tenant,
            Moments.Utc(Until), MinimumCommitment, MaximumCap, Where, IsBackdated);
    }

    /// <summary>What a list is narrowed to; all of it is optional.</summary>
    /// <param name="State">Of the rule now; rules that are over are left out where none is named.</param>
    private readonly record struct Filter(
        string? Meter, string? Plan, string? Country, string? Currency, string? Tenant, VersionState? State);

    public static void Map(WebApplication app)
    {
        var prices = app.MapGroup(Route).WithTags("Prices");
        prices.MapGet("", List).RequireAuthorization(Policies.Finance).WithName("ListPrices")
            .WithSummary("Price rules; filters: meter, plan, country, currency, tenant, state.");
        prices.MapGet("{rule}", Get).RequireAuthorization(Policies.Finance).WithName("GetPrice")
            .WithSummary("One price rule.");
        prices.MapGet("{rule}/versions", Versions).RequireAuthorization(Policies.Finance)
            .WithName("ListPriceVersions").WithSummary("All versions of one rule, the first one first.");
        prices.MapGet("{rule}/history", History).RequireAuthorization(Policies.Finance)
            .WithName("ListPriceHistory")
            .WithSummary("What was decided about one rule, the newest first.");
        prices.MapPost("", Publish).RequireAuthorization(Policies.Ops).WithIdempotencyKey()
            .WithName("PublishPrice").WithSummary("A new price rule, or a new version of one.");
        prices.MapDelete("", Retire).RequireAuthorization(Policies.Ops).WithIdempotencyKey()
            .WithName("RetirePrice")
            .WithSummary("From a moment on the rule is not used any more; its versions stay readable.");
    }

    private static async Task<Ok<Page<PriceView>>> List(
        PageRequest page, HttpContext context, CatalogDesk desk, string? meter = null, string? plan = null,
        string? country = null, string? currency = null, string? tenant = null, string? state = null)
    {
        var (catalog, now) = ((await desk.Now(context.RequestAborted)).State, desk.Time);
        var filter = new Filter(
            meter, plan, country, currency, tenant, ReadNames.Member<VersionState>(state, nameof(state)));
        return TypedResults.Ok(ReadNames.Page(
            page, catalog.Rules.Values.Where(rule => IsAsked(rule, filter, now)),
            rule => rule.Newest.Rule.ToString(), rule => PriceView.Of(rule, now)));
    }

    private static async Task<Results<Ok<PriceView>, ProblemHttpResult>> Get(
        string rule, HttpContext context, CatalogDesk desk) =>
        await Find(rule, context, desk) is { } found
            ? TypedResults.Ok(PriceView.Of(found, desk.Time))
            : CatalogDesk.NotFound("price rule");

    private static async Task<Results<Ok<IReadOnlyList<PriceVersionView>>, ProblemHttpResult>> Versions(
        string rule, HttpContext context, CatalogDesk desk) =>
        await Find(rule, context, desk) is { } found
            ? TypedResults.Ok<IReadOnlyList<PriceVersionView>>(
                [.. found.Versions.Select(version => PriceVersionView.Of(version, found, desk.Time))])
            : CatalogDesk.NotFound("price rule");

    private static async Task<Ok<Page<ListHistory.Entry>>> History(
        string rule, PageRequest page, HttpContext context, ServiceDatabase database) =>
        TypedResults.Ok(await database.AsStaff((connection, _) => ListHistory.Of(
            page,
            new(rule, Kinds: [typeof(PriceRulePublishedV1), typeof(PriceRuleRetiredV1)]),
            connection, isTenant: false, context.RequestAborted), context.RequestAborted));

    private static Task<Results<Ok<PriceView>, ProblemHttpResult>> Publish(
        Wanted wanted, HttpContext context, CatalogDesk desk) => desk.Change(
            context, wanted.Reason, (asked, author) => PublishPrice.Decide(
                wanted.Command(asked.Now, author), asked.Catalog, asked.Now),
            state => PriceView.Of(state.Rules[wanted.Rule], desk.Time));

    /// <param name="rule">Its id.</param>
    /// <param name="from">From when on; now where it is left out.</param>
    /// <param name="isBackdated">A moment that is over is meant: usage since then is rated anew.</param>
    private static async Task<Results<Ok<PriceView>, ProblemHttpResult>> Retire(
        string rule, string reason, HttpContext context, CatalogDesk desk, DateTimeOffset? from = null,
        bool isBackdated = false) =>
        await Find(rule, context, desk) is { } known
            ? await desk.Change(
                context, reason, (asked, author) => RetirePrice.Decide(
                    new(known.Newest.Rule, Moments.Utc(from) ?? asked.Now, author, isBackdated),
                    asked.Catalog, asked.Now),
                state => PriceView.Of(state.Rules[known.Newest.Rule], desk.Time))
            : CatalogDesk.NotFound("price rule");

    private static async Task<RuleHistory?> Find(string rule, HttpContext context, CatalogDesk desk) =>
        ReadNames.InPath<PriceRuleId>(rule, out var id)
            ? (await desk.Now(context.RequestAborted)).State.Rules.GetValueOrDefault(id)
            : null;

    private static bool IsAsked(RuleHistory rule, Filter filter, DateTimeOffset now)
    {
        var newest = rule.Newest;
        return Fits(filter.Meter, newest.Meter.ToString()) && Fits(filter.Plan, newest.Plan?.ToString())
            && Fits(filter.Country, newest.Country) && Fits(filter.Currency, newest.Currency.Code)
            && Fits(filter.Tenant, newest.Tenant?.ToString())
            && (filter.State is { } state ? Is(rule, state, now) : !Is(rule, VersionState.Over, now));

        static bool Fits(string? wanted, string? value) => wanted is null || wanted == value;
    }

    private static bool Is(RuleHistory rule, VersionState state, DateTimeOffset now) => state switch
    {
        VersionState.InForce => rule.InForce(now) is not null,
        VersionState.Scheduled => rule.Spans().Any(span => span.From > now),
        _ => rule.Spans().All(span => span.Until <= now),
    };
}
