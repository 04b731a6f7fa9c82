using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Overage;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.Database.Idempotency;
using Billing.ServiceDefaults.Database.Paging;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.Pricing.Catalog;

/// <summary>Tenants over HTTP. Ops sets them, staff reads them, a tenant reads itself.</summary>
public static class Tenants
{
    public const string Route = "/api/v1/tenants";

    /// <param name="Country">ISO 3166, two capital letters.</param>
    /// <param name="Reason">Why; kept with the decision.</param>
    public sealed record Wanted(TenantId Tenant, string Name, string Country, string Reason);

    /// <param name="Currency">Proposed for a subscription, and that of usage without one; null: none is
    /// known for the country.</param>
    public sealed record View(
        TenantId Tenant, string Name, string Country, Currency? Currency, DateTimeOffset ChangedAt)
    {
        public static View Of(TenantSetV1 tenant) => new(
            tenant.Tenant, tenant.Name, tenant.Country,
            Subscriptions.CountryCurrencies.Find(tenant.Country), tenant.Decision.At);
    }

    /// <param name="From">Null: from now on.</param>
    public sealed record WantedSource(
        MeterId Meter, OverageSource Source, string Reason, DateTimeOffset? From = null);

    public sealed record SourceView(MeterId Meter, OverageSource Source, DateTimeOffset From);

    public static void Map(WebApplication app)
    {
        var tenants = app.MapGroup(Route).WithTags("Tenants");
        tenants.MapPost("", Set).RequireAuthorization(Policies.Ops).WithIdempotencyKey().WithName("SetTenant")
            .WithSummary("A new tenant, or other data of a known one.");
        tenants.MapGet("", List).RequireAuthorization(Policies.Finance).WithName("ListTenants")
            .WithSummary("All tenants by their ids.");
        tenants.MapGet("{tenant}", Get).RequireAuthorization(Policies.Tenant).WithName("GetTenant")
            .WithSummary("One tenant; a tenant sees itself.");
        tenants.MapGet("{tenant}/history", History).RequireAuthorization(Policies.Finance)
            .WithName("ListTenantHistory")
            .WithSummary("Everything that was decided about one tenant, the newest first.");
        tenants.MapPost("{tenant}/overage-sources", SetSource).RequireAuthorization(Policies.Ops)
            .WithIdempotencyKey().WithName("SetOverageSource")
            .WithSummary("From a moment on: charged by what is computed, or by what the limiter reports.");
        tenants.MapGet("{tenant}/overage-sources", Sources).RequireAuthorization(Policies.Tenant)
            .WithName("ListOverageSources")
            .WithSummary("What was decided about sources of overage; where nothing was, it is computed.");
    }

    private static Task<Results<Ok<View>, ProblemHttpResult>> Set(
        Wanted wanted, HttpContext context, CatalogDesk desk) => desk.Change(
            context, wanted.Reason, (asked, author) => SetTenant.Decide(
                new(wanted.Tenant, wanted.Name, wanted.Country, author), asked.Catalog, asked.Now),
            state => View.Of(state.Tenants[wanted.Tenant]));

    private static async Task<Ok<Page<View>>> List(PageRequest page, HttpContext context, CatalogDesk desk)
    {
        var state = (await desk.Now(context.RequestAborted)).State;
        return TypedResults.Ok(ReadNames.Page(
            page, state.Tenants.Values, tenant => tenant.Tenant.ToString(), View.Of));
    }

    private static async Task<Results<Ok<View>, ProblemHttpResult>> Get(
        string tenant, HttpContext context, CatalogDesk desk) =>
        await Find(tenant, context, desk) is ({ } found, _)
            ? TypedResults.Ok(View.Of(found))
            : CatalogDesk.NotFound("tenant");

    private static async Task<Results<Ok<Page<ListHistory.Entry>>, ProblemHttpResult>> History(
        string tenant, PageRequest page, HttpContext context, CatalogDesk desk, ServiceDatabase database) =>
        await Find(tenant, context, desk) is (null, _)
            ? CatalogDesk.NotFound("tenant")
            : TypedResults.Ok(await database.AsStaff((connection, _) => ListHistory.Of(
                page, new(Tenant: tenant), connection, isTenant: false, context.RequestAborted),
                context.RequestAborted));

    private static async Task<Results<Ok<IReadOnlyList<SourceView>>, ProblemHttpResult>> SetSource(
        string tenant, WantedSource wanted, HttpContext context, CatalogDesk desk) =>
        await Find(tenant, context, desk) is ({ Tenant: var id }, _)
            ? await desk.Change(
                context, wanted.Reason, (asked, author) => SetOverageSource.Decide(
                    new(id, wanted.Meter, wanted.Source, Moments.Utc(wanted.From) ?? asked.Now, author),
                    asked.Catalog, asked.Now),
                state => SourcesOf(id, state))
            : CatalogDesk.NotFound("tenant");

    private static async Task<Results<Ok<IReadOnlyList<SourceView>>, ProblemHttpResult>> Sources(
        string tenant, HttpContext context, CatalogDesk desk) =>
        await Find(tenant, context, desk) is ({ } found, { } state)
            ? TypedResults.Ok(SourcesOf(found.Tenant, state))
            : CatalogDesk.NotFound("tenant");

    private static IReadOnlyList<SourceView> SourcesOf(TenantId tenant, CatalogState state) =>
    [
        .. state.OverageSources.Where(source => source.Key.Item1 == tenant).SelectMany(source => source.Value)
            .Select(source => new SourceView(source.Meter, source.Source, source.From))
            .OrderBy(source => source.Meter.ToString(), StringComparer.Ordinal)
            .ThenBy(source => source.From),
    ];

    // What a tenant may not see is not there.
    private static async Task<(TenantSetV1?, CatalogState)> Find(
        string tenant, HttpContext context, CatalogDesk desk)
    {
        var state = (await desk.Now(context.RequestAborted)).State;
        var isSeen = Caller.Of(context.User).Tenant is not { } own || own == tenant;
        return isSeen && ReadNames.InPath<TenantId>(tenant, out var id)
            ? (state.Tenants.GetValueOrDefault(id), state)
            : (null, state);
    }
}
