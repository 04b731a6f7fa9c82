using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;

namespace Billing.ServiceDefaults;

/// <summary>What a service says about itself and about its caller.</summary>
public static class Meta
{
    public const string FeaturesRoute = "/api/v1/meta/features";
    public const string InfoRoute = "/api/v1/meta/info";
    public const string WhoamiRoute = "/api/v1/meta/whoami";

    public sealed record FeatureSet(IReadOnlyDictionary<string, bool> Features);

    public sealed record Info(
        string Service, string Instance, string Version, string? Commit, string ContractsVersion,
        string Environment, DateTimeOffset StartedAt, IReadOnlyDictionary<string, bool> Features);

    public static void MapMeta(this IEndpointRouteBuilder routes)
    {
        var meta = routes.MapGroup("").WithTags("Meta");

        meta.MapGet(FeaturesRoute, (Features features) => TypedResults.Ok(new FeatureSet(features.All)))
            .AllowAnonymous().WithoutRateLimit().WithName("GetFeatures")
            .WithSummary("Which features are on. Public.");

        meta.MapGet(InfoRoute, (ServiceIdentity service, Features features, IHostEnvironment environment) =>
                TypedResults.Ok(new Info(
                    service.Name, service.Instance, service.Product.Version, service.Product.Commit,
                    service.Product.ContractsVersion, environment.EnvironmentName, service.StartedAt,
                    features.All)))
            .WithName("GetInfo").WithSummary("Which service this is, in which version, since when.");

        meta.MapGet(WhoamiRoute, (HttpContext context) => TypedResults.Ok(Caller.Of(context.User)))
            .WithName("GetWhoami").WithSummary("Who the service takes the caller for.");
    }
}
