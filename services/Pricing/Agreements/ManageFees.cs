using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database.Idempotency;
using Billing.ServiceDefaults.Database.Paging;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.Pricing.Agreements;

/// <summary>
/// Base fees that were agreed with one tenant, over HTTP: ops sets and ends them, staff and the tenant read.
/// </summary>
public static class ManageFees
{
    /// <param name="Fee">For a whole period, of subscriptions in its currency.</param>
    /// <param name="Plan">While the tenant has this plan; null: whatever it has.</param>
    /// <param name="From">Null: from now on.</param>
    /// <param name="Until">Null: without an end. Afterwards what held before goes on.</param>
    /// <param name="IsBackdated">A moment that is over is meant: the days since then are prorated.</param>
    public sealed record Wanted(
        Amount Fee, string Reason, PlanId? Plan = null, DateTimeOffset? From = null,
        DateTimeOffset? Until = null, bool IsBackdated = false);

    public static void Map(WebApplication app)
    {
        var group = app.MapGroup($"{Tenants.Route}/{{tenant}}/base-fees").WithTags("Tenants");
        group.MapPost("", Set).RequireAuthorization(Policies.Ops).WithIdempotencyKey()
            .WithName("SetTenantFee")
            .WithSummary("From a moment on, the base fee that the tenant pays instead of its plan's.");
        group.MapDelete("", End).RequireAuthorization(Policies.Ops).WithIdempotencyKey()
            .WithName("EndTenantFee").WithSummary("From a moment on, the base fee of the plan counts again.");
        group.MapGet("", List).RequireAuthorization(Policies.Tenant).WithName("ListTenantFees")
            .WithSummary("Base fees that were agreed with the tenant; filter: state.");
    }

    private static Task<Results<Ok<IReadOnlyList<FeeView>>, ProblemHttpResult>> Set(
        string tenant, Wanted wanted, HttpContext context, CatalogDesk desk) =>
        Change(tenant, new(default, wanted.Fee.Currency, wanted.Plan), wanted.Reason, context, desk,
            (scope, asked, author) => new(
                scope.Tenant, scope.Currency, wanted.Fee, Moments.Utc(wanted.From) ?? asked.Now, author,
                scope.Plan, Moments.Utc(wanted.Until), wanted.IsBackdated));

    /// <param name="plan">As it was named when it was agreed.</param>
    /// <param name="from">From when on; now where it is left out.</param>
    /// <param name="isBackdated">A moment that is over is meant: the days since then are prorated.</param>
    private static Task<Results<Ok<IReadOnlyList<FeeView>>, ProblemHttpResult>> End(
        string tenant, string currency, string reason, HttpContext context, CatalogDesk desk,
        string? plan = null, DateTimeOffset? from = null, bool isBackdated = false)
    {
        var ended = new FeeScope(
            default, ReadNames.InQuery<Currency>(currency, nameof(currency))!.Value,
            ReadNames.InQuery<PlanId>(plan, nameof(plan)));
        return Change(tenant, ended, reason, context, desk, (scope, asked, author) => new(
            scope.Tenant, scope.Currency, null, Moments.Utc(from) ?? asked.Now, author, scope.Plan,
            IsBackdated: isBackdated));
    }

    private static async Task<Results<Ok<IReadOnlyList<FeeView>>, ProblemHttpResult>> Change(
        string tenant, FeeScope named, string reason, HttpContext context, CatalogDesk desk,
        Func<FeeScope, Catalog.Storage.ChangeAsked, Author, SetFee.Command> command)
    {
        if (!ReadNames.InPath<TenantId>(tenant, out var id)) return CatalogDesk.NotFound("tenant");

        var scope = named with { Tenant = id };
        return await desk.Change<IReadOnlyList<FeeView>>(
            context, reason,
            (asked, author) => SetFee.Decide(command(scope, asked, author), asked.Catalog, asked.Now),
            state => [.. FeeView.Of(scope, state, desk.Time, isStaff: true)]);
    }

    private static async Task<Results<Ok<Page<FeeView>>, ProblemHttpResult>> List(
        string tenant, PageRequest page, HttpContext context, CatalogDesk desk, string? state = null)
    {
        var wanted = ReadNames.Member<VersionState>(state, nameof(state));
        var (own, now) = (Caller.Of(context.User).Tenant, desk.Time);
        var catalog = (await desk.Now(context.RequestAborted)).State;
        if (own is { } seen && seen != tenant || !ReadNames.InPath<TenantId>(tenant, out var id)
            || !catalog.Tenants.ContainsKey(id)) return CatalogDesk.NotFound("tenant");

        return TypedResults.Ok(ReadNames.Page(
            page,
            catalog.Fees.Keys.Where(scope => scope.Tenant == id)
                .SelectMany(scope => FeeView.Of(scope, catalog, now, own is null))
                .Where(one => (wanted ?? one.State) == one.State),
            one => $"{one.Currency} {one.Plan} {one.From:O}", one => one));
    }
}
