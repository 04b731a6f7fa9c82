using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database.Idempotency;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.Pricing.Merging;

/// <summary>Merge windows of tenants over HTTP: ops sets them, staff and the tenant read them.</summary>
public static class ManageMergeWindows
{
    /// <param name="From">By the time of use; null: from now on.</param>
    public sealed record Wanted(MergeWindow Window, string Reason, DateTimeOffset? From = null);

    public sealed record View(
        MergeWindow Window, DateTimeOffset From, DateTimeOffset DecidedAt, string Actor, string Reason);

    public static void Map(WebApplication app)
    {
        var windows = app.MapGroup($"{Tenants.Route}/{{tenant}}/merge-windows").WithTags("Tenants");
        windows.MapPost("", Set).RequireAuthorization(Policies.Ops).WithIdempotencyKey()
            .WithName("SetMergeWindow")
            .WithSummary("From a moment on: one charge for each use, or for each minute, hour or day.");
        windows.MapGet("", List).RequireAuthorization(Policies.Tenant).WithName("ListMergeWindows")
            .WithSummary("What was decided about merging, in that order; before it each use is a charge.");
    }

    private static Task<Results<Ok<IReadOnlyList<View>>, ProblemHttpResult>> Set(
        string tenant, Wanted wanted, HttpContext context, CatalogDesk desk) =>
        ReadNames.InPath<TenantId>(tenant, out var id)
            ? desk.Change(
                context, wanted.Reason, (asked, author) => SetMergeWindow.Decide(
                    new(id, wanted.Window, Moments.Utc(wanted.From) ?? asked.Now, author),
                    asked.Catalog, asked.Now),
                state => Of(id, state, isStaff: true))
            : Task.FromResult<Results<Ok<IReadOnlyList<View>>, ProblemHttpResult>>(
                CatalogDesk.NotFound("tenant"));

    private static async Task<Results<Ok<IReadOnlyList<View>>, ProblemHttpResult>> List(
        string tenant, HttpContext context, CatalogDesk desk)
    {
        var own = Caller.Of(context.User).Tenant;
        var state = (await desk.Now(context.RequestAborted)).State;
        return (own is null || own == tenant) && ReadNames.InPath<TenantId>(tenant, out var id)
            && state.Tenants.ContainsKey(id)
                ? TypedResults.Ok(Of(id, state, own is null))
                : CatalogDesk.NotFound("tenant");
    }

    // Who of us it was, and why, is not the tenant's.
    private static IReadOnlyList<View> Of(TenantId tenant, CatalogState state, bool isStaff) =>
    [
        .. state.MergeWindows.GetValueOrDefault(tenant, []).Select(set => new View(
            set.Window, set.From, set.Decision.At, isStaff ? set.Decision.Actor : "",
            isStaff ? set.Decision.Reason : "")),
    ];
}
