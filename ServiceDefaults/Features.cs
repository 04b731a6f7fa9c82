using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Billing.ServiceDefaults;

/// <summary>
/// Feature flags from the configuration section <c>Features</c>; what is not set is on. A value that is not
/// true or false stops the service at its start.
/// </summary>
public sealed class Features(IConfiguration configuration)
{
    public const string Transparency = "TRANSPARENCY_ENABLED";
    public const string Billing = "BILLING_ENABLED";
    public const string FraudDetection = "FRAUD_DETECTION_ENABLED";
    public const string AbTesting = "AB_TESTING_ENABLED";

    public static IReadOnlyList<string> Names { get; } = [Transparency, Billing, FraudDetection, AbTesting];

    public IReadOnlyDictionary<string, bool> All => Names.ToDictionary(name => name, IsEnabled);

    /// <exception cref="ArgumentException">There is no flag of this name.</exception>
    public bool IsEnabled(string feature) => Names.Contains(feature)
        ? configuration.Optional($"Features:{feature}", fallback: true)
        : throw new ArgumentException($"There is no feature '{feature}'.", nameof(feature));
}

/// <summary>An endpoint or page that is there only while its feature is on.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method, AllowMultiple = true)]
public sealed class RequiredFeatureAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}

public static class FeatureGuard
{
    public static IServiceCollection AddFeatures(
        this IServiceCollection services, IConfiguration configuration)
    {
        var features = new Features(configuration);
        _ = features.All;
        return services.AddSingleton(features);
    }

    /// <summary>While the feature is off the endpoint answers 404, whoever asks.</summary>
    public static TBuilder RequireFeature<TBuilder>(this TBuilder endpoint, string feature)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new RequiredFeatureAttribute(feature));

    /// <summary>Before authorization, so that a feature that is off does not even ask who is there.</summary>
    public static void UseFeatureGuard(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        var features = context.RequestServices.GetRequiredService<Features>();
        var required = context.GetEndpoint()?.Metadata.GetOrderedMetadata<RequiredFeatureAttribute>() ?? [];
        if (required.FirstOrDefault(feature => !features.IsEnabled(feature.Name)) is { } off)
            await Problems.Write(context, ProblemTypes.FeatureDisabled, $"{off.Name} is off.");
        else
            await next(context);
    });
}
