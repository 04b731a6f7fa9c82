using Billing.ServiceDefaults;

namespace Billing.Console.Operations;

/// <summary>GET: the instances that have announced themselves, newest first within each service.</summary>
public static class ListServices
{
    public const string Route = "/api/v1/operations/services";

    public sealed record Answer(IReadOnlyList<ServiceInstance> Instances);

    public static void Map(WebApplication app) =>
        app.MapGet(Route, (ServicesSeen seen) => TypedResults.Ok(new Answer(seen.All)))
            .RequireAuthorization(Policies.Finance).WithName("ListServices").WithTags("Operations")
            .WithSummary("Which service processes have announced their start.");
}
