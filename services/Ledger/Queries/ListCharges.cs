using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.Database.Paging;
using Microsoft.AspNetCore.Http.HttpResults;
using NpgsqlTypes;

namespace Billing.Ledger.Queries;

/// <summary>Charges, the newest first: a tenant's own, or for staff those of all.</summary>
public static class ListCharges
{
    public const string MerchantRoute = "/api/overages/merchant/list", OpsRoute = "/api/overages/ops/list";

    public static void Map(WebApplication app)
    {
        app.MapGet(MerchantRoute, List).RequireAuthorization(Policies.Tenant)
            .WithTags("Charges").WithName("ListOwnCharges")
            .WithSummary("A tenant's charges, the newest first.");
        app.MapGet(OpsRoute, List).RequireAuthorization(Policies.Finance)
            .WithTags("Charges").WithName("ListCharges")
            .WithSummary("Charges of all tenants, the newest first.");
    }

    private static async Task<Ok<PageAt<ChargeView>>> List(
        [AsParameters] ChargeFilter filter, PageRequest page, HttpContext context, ServiceDatabase database,
        TimeProvider time)
    {
        var (caller, cancellation) = (Asker.Of(context, filter.Tenant), context.RequestAborted);
        return TypedResults.Ok(await database.At(
            caller, filter.Moment, ChargesAt.Models, async (connection, moment) =>
            {
                var conditions = new Conditions();
                var from = ChargesAt.From(conditions, moment);
                filter.AddAll(conditions, caller, "c", "s");
                if (page.Below() is { } below) conditions.Add($"c.position < {conditions.Value(below)}");
                var rows = await conditions.Read(
                    $"""
                    select {ChargesAt.Columns} from {from} where {conditions.Sql}
                    order by c.position desc limit {conditions.Value(page.Fetch, NpgsqlDbType.Integer)}
                    """, connection, ChargesAt.Read, cancellation);
                return page.Of(moment, rows, row => row.Position);
            }, time, cancellation, page.GoOnAt()));
    }
}
