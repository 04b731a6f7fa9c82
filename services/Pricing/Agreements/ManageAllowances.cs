using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database.Idempotency;
using Billing.ServiceDefaults.Database.Paging;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.Pricing.Agreements;

/// <summary>
/// Allowances that were agreed with one tenant, over HTTP: ops sets and ends them, staff and the tenant read.
/// </summary>
public static class ManageAllowances
{
    /// <param name="Quantity">In each period.</param>
    /// <param name="Plan">While the tenant has this plan; null: whatever it has.</param>
    /// <param name="From">Null: from now on.</param>
    /// <param name="Until">Null: without an end. Afterwards what held before goes on.</param>
    /// <param name="IsBackdated">A moment that is over is meant: usage since then is rated anew.</param>
    public sealed record Wanted(
        MeterId Meter, Quantity Quantity, string Reason, PlanId? Plan = null, DateTimeOffset? From = null,
        DateTimeOffset? Until = null, bool IsBackdated = false);

    public static void Map(WebApplication app)
    {
        var group = app.MapGroup($"{Tenants.Route}/{{tenant}}/allowances").WithTags("Tenants");
        group.MapPost("", Set).RequireAuthorization(Policies.Ops).WithIdempotencyKey()
            .WithName("SetTenantAllowance")
            .WithSummary("From a moment on, what the tenant has included of a meter instead of its plan's.");
        group.MapDelete("", End).RequireAuthorization(Policies.Ops).WithIdempotencyKey()
            .WithName("EndTenantAllowance")
            .WithSummary("From a moment on, what the plan includes of the meter counts again.");
        group.MapGet("", List).RequireAuthorization(Policies.Tenant).WithName("ListTenantAllowances")
            .WithSummary("Allowances that were agreed with the tenant; filters: meter, state.");
    }

    private static Task<Results<Ok<IReadOnlyList<AllowanceView>>, ProblemHttpResult>> Set(
        string tenant, Wanted wanted, HttpContext context, CatalogDesk desk) =>
        Change(tenant, new(default, wanted.Meter, wanted.Plan), wanted.Reason, context, desk,
            (scope, asked, author) => new(
                scope.Tenant, scope.Meter, wanted.Quantity, Moments.Utc(wanted.From) ?? asked.Now, author,
                scope.Plan, Moments.Utc(wanted.Until), wanted.IsBackdated));

    /// <param name="plan">As it was named when it was agreed.</param>
    /// <param name="from">From when on; now where it is left out.</param>
    /// <param name="isBackdated">A moment that is over is meant: usage since then is rated anew.</param>
    private static Task<Results<Ok<IReadOnlyList<AllowanceView>>, ProblemHttpResult>> End(
        string tenant, string meter, string reason, HttpContext context, CatalogDesk desk,
        string? plan = null, DateTimeOffset? from = null, bool isBackdated = false)
    {
        var ended = new AllowanceScope(
            default, ReadNames.InQuery<MeterId>(meter, nameof(meter))!.Value,
            ReadNames.InQuery<PlanId>(plan, nameof(plan)));
        return Change(tenant, ended, reason, context, desk, (scope, asked, author) => new(
            scope.Tenant, scope.Meter, null, Moments.Utc(from) ?? asked.Now, author, scope.Plan,
            IsBackdated: isBackdated));
    }

    private static async Task<Results<Ok<IReadOnlyList<AllowanceView>>, ProblemHttpResult>> Change(
        string tenant, AllowanceScope named, string reason, HttpContext context, CatalogDesk desk,
        Func<AllowanceScope, Catalog.Storage.ChangeAsked, Author, SetAllowance.Command> command)
    {
        if (!ReadNames.InPath<TenantId>(tenant, out var id)) return CatalogDesk.NotFound("tenant");

        var scope = named with { Tenant = id };
        return await desk.Change<IReadOnlyList<AllowanceView>>(
            context, reason,
            (asked, author) => SetAllowance.Decide(command(scope, asked, author), asked.Catalog, asked.Now),
            state => [.. AllowanceView.Of(scope, state, desk.Time, isStaff: true)]);
    }

    private static async Task<Results<Ok<Page<AllowanceView>>, ProblemHttpResult>> List(
        string tenant, PageRequest page, HttpContext context, CatalogDesk desk, string? meter = null,
        string? state = null)
    {
        var wanted = ReadNames.Member<VersionState>(state, nameof(state));
        var (own, now) = (Caller.Of(context.User).Tenant, desk.Time);
        var catalog = (await desk.Now(context.RequestAborted)).State;
        if (own is { } seen && seen != tenant || !ReadNames.InPath<TenantId>(tenant, out var id)
            || !catalog.Tenants.ContainsKey(id)) return CatalogDesk.NotFound("tenant");

        return TypedResults.Ok(ReadNames.Page(
            page,
            catalog.Allowances.Keys.Where(scope => scope.Tenant == id)
                .SelectMany(scope => AllowanceView.Of(scope, catalog, now, own is null))
                .Where(one => meter is null || one.Meter.ToString() == meter)
                .Where(one => (wanted ?? one.State) == one.State),
            one => $"{one.Meter} {one.Plan} {one.From:O}", one => one));
    }
}
