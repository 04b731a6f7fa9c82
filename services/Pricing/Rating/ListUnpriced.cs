using System.Globalization;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.Database.Paging;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Billing.Pricing.Rating;

/// <summary>Usage that waits for a price, for the people who set prices.</summary>
public static class ListUnpriced
{
    public const string Route = "/api/v1/ratings/unpriced";

    /// <param name="UsedAt">UTC.</param>
    /// <param name="Quantity">In the meter's unit.</param>
    public sealed record Item(
        string Tenant, string Meter, string Source, string Id, int Revision, DateTimeOffset UsedAt,
        string Quantity);

    public static void Map(WebApplication app) =>
        app.MapGet(Route, Answer).RequireAuthorization(Policies.Finance).WithTags("Ratings")
            .WithName("ListUnpriced")
            .WithSummary("Usage that waits for a price, by tenant and time of use; filters: tenant, meter.");

    private static Task<Ok<Page<Item>>> Answer(
        ServiceDatabase database, PageRequest page, CancellationToken cancellation,
        [FromQuery] string? tenant = null, [FromQuery] string? meter = null) =>
        database.AsStaff(async (connection, _) =>
        {
            var after = page.After(4);
            var rows = await connection.QueryAsync<Row>(new CommandDefinition(
                """
                select tenant_id as tenant, meter_id as meter, source, event_id as id, revision,
                    used_at as usedAt, trim_scale(quantity)::text as quantity, usage_id as usage
                from uses
                where state = 2 and (@tenant::text is null or tenant_id = @tenant)
                  and (@meter::text is null or meter_id = @meter)
                  and (@afterTenant::text is null or (tenant_id, used_at, usage_id, meter_id)
                      > (@afterTenant, @afterMoment::timestamptz, @afterUsage::uuid, @afterMeter))
                order by tenant_id, used_at, usage_id, meter_id limit @fetch
                """,
                new
                {
                    tenant,
                    meter,
                    afterTenant = after?[0],
                    afterMoment = after?[1],
                    afterUsage = after?[2],
                    afterMeter = after?[3],
                    fetch = page.Fetch,
                },
                cancellationToken: cancellation));
            var shown = page.Of([.. rows], row =>
            [
                row.Tenant, row.UsedAt.ToString("O", CultureInfo.InvariantCulture), $"{row.Usage}", row.Meter,
            ]);
            return TypedResults.Ok(new Page<Item>(
                [.. shown.Items.Select(row => row.Shown())], shown.NextCursor));
        }, cancellation);

    private sealed record Row(
        string Tenant, string Meter, string Source, string Id, int Revision, DateTime UsedAt, string Quantity,
        Guid Usage)
    {
        public Item Shown() => new(
            Tenant, Meter, Source, Id, Revision, new(UsedAt, TimeSpan.Zero), Quantity);
    }
}
