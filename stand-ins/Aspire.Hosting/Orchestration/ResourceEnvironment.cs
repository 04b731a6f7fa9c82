using System.Globalization;
using System.Text.RegularExpressions;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Dashboard;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Orchestration;

/// <summary>Where resources send their telemetry.</summary>
/// <param name="Protocol"><c>grpc</c> or <c>http/protobuf</c>.</param>
internal sealed record TelemetryTarget(string Endpoint, string Protocol, string? ApiKey);

/// <summary>Marks a resource that sends telemetry. Projects do without being asked.</summary>
internal sealed class OtlpExporterAnnotation : IResourceAnnotation;

/// <summary>
/// The variables and arguments that a resource is started with, asked for anew at every start. What the
/// builder's user sets comes after what is set for every resource of its kind, and wins.
/// </summary>
internal sealed partial class ResourceEnvironment(
    IHostEnvironment host, IConfiguration configuration, DistributedApplicationExecutionContext execution)
{
    /// <summary>
    /// Documented default of the dashboard's OTLP address, when there is neither dashboard nor setting.
    /// </summary>
    private const string DefaultOtlp = "http://localhost:18889";

    public TelemetryTarget Telemetry { get; set; } =
        DashboardSettings.Otlp(configuration) switch
        {
            ({ } grpc, _) => new(grpc, "grpc", configuration["AppHost:OtlpApiKey"]),
            (null, { } http) => new(http, "http/protobuf", configuration["AppHost:OtlpApiKey"]),
            _ => new(DefaultOtlp, "grpc", configuration["AppHost:OtlpApiKey"]),
        };

    public async Task<IReadOnlyList<EnvironmentView>> Variables(
        IResource resource, string instance, ILogger log, CancellationToken cancellation)
    {
        var variables = new Dictionary<string, object>();
        if (resource is ProjectResource project) AddProjectDefaults(project, variables);
        if (resource is ProjectResource || resource.HasAnnotationOfType<OtlpExporterAnnotation>())
        {
            AddTelemetry(resource.Name, instance, variables);
        }

        foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>())
        {
            if (endpoint is { TargetPortEnvironmentVariable: { } name, AllocatedEndpoint: { } allocated })
            {
                variables[name] = resource is ContainerResource ? endpoint.TargetPort ?? allocated.Port : allocated.Port;
            }
        }

        var context = new EnvironmentCallbackContext(execution, resource, variables, cancellation) { Logger = log };
        foreach (var annotation in resource.Annotations.OfType<EnvironmentCallbackAnnotation>().ToArray())
        {
            await annotation.Callback(context);
        }

        var caller = new ValueProviderContext { Caller = resource, ExecutionContext = execution };
        List<EnvironmentView> resolved = [];
        foreach (var (name, value) in variables)
        {
            if (await Resolve(value, caller, cancellation) is { } text)
            {
                resolved.Add(new EnvironmentView(name, text, IsSecret(name, value, text)));
            }
        }

        return resolved;
    }

    public async Task<IReadOnlyList<string>> Arguments(
        IResource resource, ILogger log, CancellationToken cancellation)
    {
        List<object> arguments = [];
        var context = new CommandLineArgsCallbackContext(arguments, resource, cancellation)
        {
            Logger = log,
            ExecutionContext = execution,
        };
        foreach (var annotation in resource.Annotations.OfType<CommandLineArgsCallbackAnnotation>().ToArray())
        {
            await annotation.Callback(context);
        }

        var caller = new ValueProviderContext { Caller = resource, ExecutionContext = execution };
        List<string> resolved = [];
        foreach (var argument in arguments)
        {
            if (await Resolve(argument, caller, cancellation) is { } text) resolved.Add(text);
        }

        return resolved;
    }

    private void AddProjectDefaults(ProjectResource project, Dictionary<string, object> variables)
    {
        variables["OTEL_DOTNET_EXPERIMENTAL_OTLP_EMIT_EXCEPTION_LOG_ATTRIBUTES"] = "true";
        variables["OTEL_DOTNET_EXPERIMENTAL_OTLP_EMIT_EVENT_LOG_ATTRIBUTES"] = "true";
        variables["OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY"] = "in_memory";
        if (host.IsDevelopment())
        {
            variables["OTEL_DOTNET_EXPERIMENTAL_ASPNETCORE_DISABLE_URL_QUERY_REDACTION"] = "true";
            variables["OTEL_DOTNET_EXPERIMENTAL_HTTPCLIENT_DISABLE_URL_QUERY_REDACTION"] = "true";
        }

        variables["LOGGING__CONSOLE__FORMATTERNAME"] = "simple";
        variables["LOGGING__CONSOLE__FORMATTEROPTIONS__TIMESTAMPFORMAT"] = "yyyy-MM-ddTHH:mm:ss.fffffff ";
        variables["ASPNETCORE_FORWARDEDHEADERS_ENABLED"] = "true";
        variables["DOTNET_ROOT"] = BuiltProject.DotnetRoot;
        variables["ASPNETCORE_ENVIRONMENT"] = host.EnvironmentName;
        variables["DOTNET_ENVIRONMENT"] = host.EnvironmentName;
        foreach (var (name, value) in Profile(project)?.Environment ?? new Dictionary<string, string>())
        {
            variables[name] = value;
        }

        var urls = project.Annotations.OfType<EndpointAnnotation>()
            .Where(each => each.UriScheme is "http" or "https" && each.TargetPortEnvironmentVariable is null)
            .Where(each => project.Annotations.OfType<EndpointsInEnvironmentAnnotation>().All(only => only.Filter(each)))
            .Select(each => each.AllocatedEndpoint!.UriString).ToArray();
        if (urls.Length > 0) variables["ASPNETCORE_URLS"] = string.Join(';', urls);
    }

    private void AddTelemetry(string name, string instance, Dictionary<string, object> variables)
    {
        variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = Telemetry.Endpoint;
        variables["OTEL_EXPORTER_OTLP_PROTOCOL"] = Telemetry.Protocol;
        if (Telemetry.ApiKey is { } key) variables["OTEL_EXPORTER_OTLP_HEADERS"] = $"x-otlp-api-key={key}";
        variables["OTEL_RESOURCE_ATTRIBUTES"] = $"service.instance.id={instance}";
        variables["OTEL_SERVICE_NAME"] = name;
        if (!host.IsDevelopment()) return;

        // A developer wants to see at once what he just did.
        variables["OTEL_BLRP_SCHEDULE_DELAY"] = "1000";
        variables["OTEL_BSP_SCHEDULE_DELAY"] = "1000";
        variables["OTEL_METRIC_EXPORT_INTERVAL"] = "1000";
        variables["OTEL_TRACES_SAMPLER"] = "always_on";
        variables["OTEL_METRICS_EXEMPLAR_FILTER"] = "trace_based";
    }

    private static LaunchProfile? Profile(IResource resource) =>
        resource.TryGetLastAnnotation<LaunchProfileChoice>(out var choice) ? choice.Profile : null;

    private static async ValueTask<string?> Resolve(
        object? value, ValueProviderContext caller, CancellationToken cancellation) => value switch
        {
            null => null,
            string text => text,
            IResourceBuilder<IResource> { Resource: IValueProvider built } =>
                await built.GetValueAsync(caller, cancellation),
            IValueProvider provider => await provider.GetValueAsync(caller, cancellation),
            IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
            _ => value.ToString(),
        };

    private static bool IsSecret(string name, object value, string text) =>
        Dependencies.ResourcesIn(value).Any(each => each is ParameterResource { Secret: true })
        || SecretName().IsMatch(name) || SecretText().IsMatch(text);

    [GeneratedRegex("(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY)$|^OTEL_EXPORTER_OTLP_HEADERS$", RegexOptions.IgnoreCase)]
    private static partial Regex SecretName();

    [GeneratedRegex(@"(^|;)\s*(password|pwd)\s*=|://[^/@\s:]*:[^/@\s]+@", RegexOptions.IgnoreCase)]
    private static partial Regex SecretText();
}
