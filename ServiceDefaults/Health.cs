using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Billing.ServiceDefaults;

/// <summary>
/// <c>/health/live</c>: the process answers. <c>/health/ready</c>: what it needs answers too, and it is not
/// about to stop. Both are public, so they tell states and the sentences of our own checks, never an
/// exception's text.
/// </summary>
public static class Health
{
    public const string LiveRoute = "/health/live";
    public const string ReadyRoute = "/health/ready";

    /// <summary>A check with this tag counts for readiness.</summary>
    public const string ReadyTag = "ready";

    /// <summary>What a failed check tells; longer than one answers, it counts as failed.</summary>
    public static readonly TimeSpan LongestCheck = TimeSpan.FromSeconds(3);

    public sealed record Report(string Status, IReadOnlyDictionary<string, Check> Checks);

    public sealed record Check(string Status, string? Description);

    public static IServiceCollection AddHealth(this IServiceCollection services)
    {
        services.AddSingleton<Shutdown>()
            .AddHostedService(provider => provider.GetRequiredService<Shutdown>());
        services.AddHealthChecks().AddCheck<Shutdown>("not-stopping", tags: [ReadyTag]);
        return services;
    }

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        Map(routes, LiveRoute, _ => false);
        Map(routes, ReadyRoute, check => check.Tags.Contains(ReadyTag));
    }

    private static void Map(
        IEndpointRouteBuilder routes, string route, Func<HealthCheckRegistration, bool> which) =>
        routes.MapHealthChecks(route, new HealthCheckOptions { Predicate = which, ResponseWriter = Write })
            .AllowAnonymous().WithoutRateLimit();

    private static Task Write(HttpContext context, HealthReport report) =>
        context.Response.WriteAsJsonAsync(
            new Report(Name(report.Status), report.Entries.ToDictionary(
                entry => entry.Key,
                entry => new Check(Name(entry.Value.Status), Describe(entry.Value)))),
            context.RequestAborted);

    private static string? Describe(HealthReportEntry entry) =>
        entry.Exception is null ? entry.Description : "The check failed; the log says why.";

    private static string Name(HealthStatus status) => status.ToString().ToLowerInvariant();
}
