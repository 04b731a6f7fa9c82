using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database.Idempotency;
using Billing.ServiceDefaults.Database.Paging;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.Pricing.Overage;

/// <summary>Limits over HTTP: ops sets them, staff reads them.</summary>
public static class ManageQuotas
{
    public const string Route = "/api/v1/quota-limits";

    /// <param name="Tenant">For one tenant; before plan, and that before neither.</param>
    /// <param name="GraceSeconds">How long the soft cap may be passed.</param>
    /// <param name="From">Null: from now on.</param>
    public sealed record Wanted(
        MeterId Meter, string Reason, TenantId? Tenant = null, PlanId? Plan = null, Quantity? HardCap = null,
        Quantity? SoftCap = null, long? GraceSeconds = null, Amount? SpendCap = null,
        int? WarnAtPercent = null, DateTimeOffset? From = null);

    public sealed record View(
        MeterId Meter, TenantId? Tenant, PlanId? Plan, Quantity? HardCap, Quantity? SoftCap,
        long? GraceSeconds, Amount? SpendCap, int WarnAtPercent, DateTimeOffset From)
    {
        public static View Of(QuotaLimitSetV1 limit) => new(
            limit.Meter, limit.Tenant, limit.Plan, limit.HardCap, limit.SoftCap, limit.GraceSeconds,
            limit.SpendCap, limit.WarnAtPercent ?? SetQuotaLimit.UsualWarning, limit.From);
    }

    public static void Map(WebApplication app)
    {
        var limits = app.MapGroup(Route).WithTags("Quota");
        limits.MapPost("", Set).RequireAuthorization(Policies.Ops).WithIdempotencyKey()
            .WithName("SetQuotaLimit")
            .WithSummary("From a moment on, how much of a meter may be used in a period.");
        limits.MapGet("", List).RequireAuthorization(Policies.Finance).WithName("ListQuotaLimits")
            .WithSummary("The newest limit of each meter, plan and tenant; filters: meter, tenant, plan.");
    }

    private static Task<Results<Ok<View>, ProblemHttpResult>> Set(
        Wanted wanted, HttpContext context, CatalogDesk desk) => desk.Change(
            context, wanted.Reason, (asked, author) => SetQuotaLimit.Decide(
                new(
                    wanted.Meter, Moments.Utc(wanted.From) ?? asked.Now, author, wanted.Tenant, wanted.Plan,
                    wanted.HardCap, wanted.SoftCap, wanted.GraceSeconds, wanted.SpendCap,
                    wanted.WarnAtPercent), asked.Catalog, asked.Now),
            state => View.Of(state.QuotaLimits[new(wanted.Meter, wanted.Tenant, wanted.Plan)][^1]));

    private static async Task<Ok<Page<View>>> List(
        PageRequest page, HttpContext context, CatalogDesk desk, string? meter = null, string? tenant = null,
        string? plan = null)
    {
        var limits = (await desk.Now(context.RequestAborted)).State.QuotaLimits;
        return TypedResults.Ok(ReadNames.Page(
            page,
            limits.Where(limit => Fits(meter, limit.Key.Meter.ToString())
                && Fits(tenant, limit.Key.Tenant?.ToString()) && Fits(plan, limit.Key.Plan?.ToString())),
            limit => $"{limit.Key.Meter} {limit.Key.Tenant} {limit.Key.Plan}",
            limit => View.Of(limit.Value[^1])));

        static bool Fits(string? wanted, string? value) => wanted is null || wanted == value;
    }
}
