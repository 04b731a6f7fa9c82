using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.Database.Idempotency;
using Billing.ServiceDefaults.Database.Paging;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.Pricing.Catalog;

/// <summary>Plans over HTTP. Ops publishes versions, everybody but producers reads them.</summary>
public static class Plans
{
    public const string Route = "/api/v1/plans";

    /// <param name="BaseFees">Per period, one for each currency that the plan is sold in.</param>
    /// <param name="Included">Of each meter, in each period.</param>
    /// <param name="From">Null: from now on.</param>
    public sealed record Wanted(
        PlanId Plan, string Name, string Reason, IReadOnlyList<Amount>? BaseFees = null,
        IReadOnlyList<AllowanceV1>? Included = null, DateTimeOffset? From = null);

    /// <param name="State">Of this version.</param>
    public sealed record Version(
        int Number, string Name, DateTimeOffset From, IReadOnlyList<Amount> BaseFees,
        IReadOnlyList<AllowanceV1> Included, VersionState State);

    /// <param name="Current">Null: the plan's first moment is still to come.</param>
    /// <param name="Scheduled">Versions that begin later.</param>
    public sealed record View(PlanId Plan, Version? Current, IReadOnlyList<Version> Scheduled)
    {
        public static View Of(PlanHistory plan, DateTimeOffset now)
        {
            var all = Versions(plan, now);
            return new(
                plan.Newest.Plan, all.FirstOrDefault(version => version.State == VersionState.InForce),
                [.. all.Where(version => version.State == VersionState.Scheduled)]);
        }
    }

    public static void Map(WebApplication app)
    {
        var plans = app.MapGroup(Route).WithTags("Plans");
        plans.MapPost("", Publish).RequireAuthorization(Policies.Ops).WithIdempotencyKey()
            .WithName("PublishPlan")
            .WithSummary("A new plan, or a new version of one from now or a later moment on.");
        plans.MapGet("", List).RequireAuthorization(Policies.Tenant).WithName("ListPlans")
            .WithSummary("All plans by their ids, each with the version in force and those to come.");
        plans.MapGet("{plan}", Get).RequireAuthorization(Policies.Tenant).WithName("GetPlan")
            .WithSummary("One plan.");
        plans.MapGet("{plan}/versions", ListVersions).RequireAuthorization(Policies.Tenant)
            .WithName("ListPlanVersions").WithSummary("All versions of one plan, the first one first.");
        plans.MapGet("{plan}/history", History).RequireAuthorization(Policies.Finance)
            .WithName("ListPlanHistory").WithSummary("What was decided about one plan, the newest first.");
    }

    private static Task<Results<Ok<View>, ProblemHttpResult>> Publish(
        Wanted wanted, HttpContext context, CatalogDesk desk) => desk.Change(
            context, wanted.Reason, (asked, author) => PublishPlan.Decide(
                new(
                    wanted.Plan, wanted.Name, Moments.Utc(wanted.From) ?? asked.Now, wanted.BaseFees ?? [],
                    wanted.Included ?? [], author), asked.Catalog, asked.Now),
            state => View.Of(state.Plans[wanted.Plan], desk.Time));

    private static async Task<Ok<Page<View>>> List(PageRequest page, HttpContext context, CatalogDesk desk)
    {
        var (state, now) = ((await desk.Now(context.RequestAborted)).State, desk.Time);
        return TypedResults.Ok(ReadNames.Page(
            page, state.Plans.Values, plan => plan.Newest.Plan.ToString(), plan => View.Of(plan, now)));
    }

    private static async Task<Results<Ok<View>, ProblemHttpResult>> Get(
        string plan, HttpContext context, CatalogDesk desk) =>
        await Find(plan, context, desk) is { } found
            ? TypedResults.Ok(View.Of(found, desk.Time))
            : CatalogDesk.NotFound("plan");

    private static async Task<Results<Ok<IReadOnlyList<Version>>, ProblemHttpResult>> ListVersions(
        string plan, HttpContext context, CatalogDesk desk) =>
        await Find(plan, context, desk) is { } found
            ? TypedResults.Ok(Versions(found, desk.Time))
            : CatalogDesk.NotFound("plan");

    private static async Task<Ok<Page<ListHistory.Entry>>> History(
        string plan, PageRequest page, HttpContext context, ServiceDatabase database) =>
        TypedResults.Ok(await database.AsStaff((connection, _) => ListHistory.Of(
            page, new(plan, Kinds: typeof(PlanPublishedV1)), connection, isTenant: false,
            context.RequestAborted), context.RequestAborted));

    private static IReadOnlyList<Version> Versions(PlanHistory plan, DateTimeOffset now)
    {
        var current = plan.InForce(now);
        return
        [
            .. plan.Versions.Select(version => new Version(
                version.Version, version.Name, version.From, version.BaseFees, version.Included,
                version == current ? VersionState.InForce
                    : version.From > now ? VersionState.Scheduled : VersionState.Over)),
        ];
    }

    private static async Task<PlanHistory?> Find(string plan, HttpContext context, CatalogDesk desk) =>
        ReadNames.InPath<PlanId>(plan, out var id)
            ? (await desk.Now(context.RequestAborted)).State.Plans.GetValueOrDefault(id)
            : null;
}

/// <summary>Where a version stands in time.</summary>
public enum VersionState
{
    Scheduled,
    InForce,
    Over,
}
