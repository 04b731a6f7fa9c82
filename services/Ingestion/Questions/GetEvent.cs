using Billing.ServiceDefaults;
using Billing.ServiceDefaults.ApiKeys;
using Billing.ServiceDefaults.Database;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.Ingestion.Questions;

/// <summary>
/// The whole fate of an event. Staff sees all, a tenant its own events, a producer those of its sources; what
/// one may not see is not there.
/// </summary>
public static class GetEvent
{
    public const string Route = "/api/v1/events";

    private static readonly AuthorizationPolicy Everybody = new AuthorizationPolicyBuilder()
        .RequireAssertion(context => Caller.TryOf(context.User, out _))
        .Build();

    public static void Map(WebApplication app)
    {
        app.MapGet($"{Route}/{{source}}/{{id}}", ByPath).RequireAuthorization(Everybody)
            .WithTags("Events").WithName("GetEvent")
            .WithSummary("The whole fate of an event. Slashes of the source are written %2F.");
        app.MapGet(Route, ByQuery).RequireAuthorization(Everybody)
            .WithTags("Events").WithName("FindEvent")
            .WithSummary("The same, with source and id as parameters.");
    }

    private static Task<Results<Ok<EventFate>, ProblemHttpResult>> ByPath(
        string source, string id, HttpContext context, ServiceDatabase database)
    {
        var names = EventPath.Read(context, Route + "/", 2, source, id);
        return Find(names[0], names[1], context, database);
    }

    private static Task<Results<Ok<EventFate>, ProblemHttpResult>> ByQuery(
        string source, string id, HttpContext context, ServiceDatabase database) =>
        Find(source, id, context, database);

    private static async Task<Results<Ok<EventFate>, ProblemHttpResult>> Find(
        string source, string id, HttpContext context, ServiceDatabase database)
    {
        EventPath.Check(source, id);
        var caller = Caller.Of(context.User);
        var mayAsk = caller.Role != Roles.Producer || ApiKeyAuthentication.MaySpeakFor(context.User, source);
        var found = !mayAsk ? null
            : caller.Tenant is { } tenant
                ? await OfTenant(source, id, tenant, database, context.RequestAborted)
                : await OfStaff(source, id, database, context.RequestAborted);

        return found is null
            ? Problems.Refuse(ProblemTypes.NotFound, "There is no such event.")
            : TypedResults.Ok(found);
    }

    private static async Task<EventFate?> OfStaff(
        string source, string id, ServiceDatabase database, CancellationToken cancellation) =>
        await SourceId(source, database, cancellation) is { } number
            ? await database.AsStaff((connection, _) =>
                new ReadFate(connection, number, source, id, Tenant: null).Read(cancellation), cancellation)
            : null;

    private static async Task<EventFate?> OfTenant(
        string source, string id, string tenant, ServiceDatabase database, CancellationToken cancellation) =>
        await SourceId(source, database, cancellation) is { } number
            ? await database.AsTenant(tenant, (connection, _) =>
                new ReadFate(connection, number, source, id, tenant).Read(cancellation), cancellation)
            : null;

    // The names of all sources are no tenant's business, so this is not asked as one.
    internal static async Task<int?> SourceId(
        string source, ServiceDatabase database, CancellationToken cancellation)
    {
        await using var select = database.Staff.CreateCommand("select id from usage_sources where name = $1");
        select.Parameters.Add(new() { Value = source });
        return (int?)await select.ExecuteScalarAsync(cancellation);
    }
}
