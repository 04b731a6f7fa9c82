using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.Database.Idempotency;
using Billing.ServiceDefaults.Database.Paging;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.Pricing.Catalog;

/// <summary>Meters over HTTP. Ops sets them, everybody but producers reads them.</summary>
public static class Meters
{
    public const string Route = "/api/v1/meters";

    /// <param name="EventType">The type of the usage events that it takes.</param>
    /// <param name="Property">The property that it aggregates; none: it counts events.</param>
    /// <param name="Filter">Takes only events that have all these properties.</param>
    /// <param name="Dimensions">Properties that a price may depend on.</param>
    public sealed record Wanted(
        MeterId Meter, string EventType, string Unit, Aggregation Aggregation, string Reason,
        string? Property = null, Properties? Filter = null, IReadOnlyList<string>? Dimensions = null);

    public sealed record View(
        MeterId Meter, string EventType, string Unit, Aggregation Aggregation, string? Property,
        Properties? Filter, IReadOnlyList<string> Dimensions, DateTimeOffset ChangedAt)
    {
        public static View Of(MeterSetV1 meter) => new(
            meter.Meter, meter.EventType, meter.Unit, meter.Aggregation, meter.Property, meter.Filter,
            meter.Dimensions, meter.Decision.At);
    }

    public static void Map(WebApplication app)
    {
        var meters = app.MapGroup(Route).WithTags("Meters");
        meters.MapPost("", Set).RequireAuthorization(Policies.Ops).WithIdempotencyKey().WithName("SetMeter")
            .WithSummary("A new meter, or more dimensions of a known one.");
        meters.MapGet("", List).RequireAuthorization(Policies.Tenant).WithName("ListMeters")
            .WithSummary("All meters by their ids.");
        meters.MapGet("{meter}", Get).RequireAuthorization(Policies.Tenant).WithName("GetMeter")
            .WithSummary("One meter.");
        meters.MapGet("{meter}/history", History).RequireAuthorization(Policies.Finance)
            .WithName("ListMeterHistory")
            .WithSummary("What was decided about one meter, the newest first.");
    }

    private static Task<Results<Ok<View>, ProblemHttpResult>> Set(
        Wanted wanted, HttpContext context, CatalogDesk desk) => desk.Change(
            context, wanted.Reason, (asked, author) => SetMeter.Decide(
                new(
                    wanted.Meter, wanted.EventType, wanted.Unit, wanted.Aggregation, author,
                    wanted.Property, wanted.Filter, wanted.Dimensions), asked.Catalog, asked.Now),
            state => View.Of(state.Meters[wanted.Meter]));

    private static async Task<Ok<Page<View>>> List(PageRequest page, HttpContext context, CatalogDesk desk)
    {
        var state = (await desk.Now(context.RequestAborted)).State;
        return TypedResults.Ok(ReadNames.Page(
            page, state.Meters.Values, meter => meter.Meter.ToString(), View.Of));
    }

    private static async Task<Results<Ok<View>, ProblemHttpResult>> Get(
        string meter, HttpContext context, CatalogDesk desk) =>
        ReadNames.InPath<MeterId>(meter, out var id)
        && (await desk.Now(context.RequestAborted)).State.Meters.TryGetValue(id, out var found)
            ? TypedResults.Ok(View.Of(found))
            : CatalogDesk.NotFound("meter");

    private static async Task<Ok<Page<ListHistory.Entry>>> History(
        string meter, PageRequest page, HttpContext context, ServiceDatabase database) =>
        TypedResults.Ok(await database.AsStaff((connection, _) => ListHistory.Of(
            page, new(meter, Kinds: typeof(MeterSetV1)), connection, isTenant: false,
            context.RequestAborted), context.RequestAborted));
}
