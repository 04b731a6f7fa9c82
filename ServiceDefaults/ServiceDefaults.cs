using System.Reflection;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.Kafka;
using Billing.ServiceDefaults.UsagePath;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Billing.ServiceDefaults;

/// <summary>What all services have in common, in the order in which a request meets it.</summary>
public static class ServiceDefaults
{
    public static void AddServiceDefaults(this WebApplicationBuilder builder, string name, Assembly assembly)
    {
        builder.AddHttpDefaults(name, assembly);
        builder.Services.AddKafka(builder.Configuration).AddHostedService<AnnounceStart>();
        builder.AddDatabase(name, assembly);
    }

    /// <summary>The part that needs neither database nor Kafka.</summary>
    public static void AddHttpDefaults(this WebApplicationBuilder builder, string name, Assembly assembly)
    {
        var (services, configuration) = (builder.Services, builder.Configuration);
        var service = Identify(services.AddTime(configuration), name, assembly);

        builder.AddTelemetry(service);
        builder.AddLimits();
        Shutdown.Limit(services, configuration);
        services.AddProblems().AddHealth().AddFeatures(configuration).AddRateLimits(configuration);
        services.AddKeysInMemory().AddBearerTokens(configuration);
        services.AddPolicies().AddOpenApiDocs(service);
    }

    public static void UseServiceDefaults(this WebApplication app)
    {
        app.UseRequestSpans();
        app.UseSecurityHeaders();
        app.UseProblems();
        app.UseOpenApiPage();
        app.UseRouting();
        app.UseRequestTimeouts();
        app.UseAuthentication();
        app.UseRateLimits();
        app.UseFeatureGuard();
        app.Use(RefuseUnknownPath);
        app.UseAuthorization();

        app.MapHealth();
        app.MapMeta();
        SettableClock.Map(app);
        app.MapUsagePath();
        app.MapOpenApiDocs();
    }

    /// <summary>Nothing is there for anybody: 404. What is there asks who wants it: 401.</summary>
    private static Task RefuseUnknownPath(HttpContext context, RequestDelegate next) =>
        context.GetEndpoint() is null
            ? Problems.Write(context, ProblemTypes.NotFound)
            : next(context);

    private static ServiceIdentity Identify(IServiceCollection services, string name, Assembly assembly)
    {
        // Needed before there is a container: the telemetry's resource carries it.
        using var provider = services.BuildServiceProvider();
        var service = new ServiceIdentity(
            name,
            provider.GetRequiredService<NewId>()().ToString("N"),
            Product.Of(assembly),
            provider.GetRequiredService<TimeProvider>().GetUtcNow());
        services.AddSingleton(service);
        return service;
    }
}
