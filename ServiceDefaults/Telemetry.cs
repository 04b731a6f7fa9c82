using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Billing.ServiceDefaults;

/// <summary>
/// Traces, metrics and logs (docs/adr/0008). They are sent where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> points;
/// without it, trace ids still travel, so that logs and messages can be matched.
/// </summary>
public static class Telemetry
{
    public const string SourceName = "Billing";

    /// <summary>Where every service begins its own spans, Kafka's hops among them.</summary>
    public static readonly ActivitySource Source = new(SourceName);

    /// <summary>Where every service makes its own instruments.</summary>
    public static readonly Meter Meter = new(SourceName);

    private static readonly string[] Sources =
        [SourceName, "Microsoft.AspNetCore", "System.Net.Http", "Npgsql"];

    private static readonly string[] Meters =
    [
        SourceName, "Npgsql", "System.Runtime", "System.Net.Http", "Microsoft.AspNetCore.Hosting",
        "Microsoft.AspNetCore.Server.Kestrel", "Microsoft.AspNetCore.Diagnostics", "Polly",
    ];

    public static void AddTelemetry(this WebApplicationBuilder builder, ServiceIdentity service)
    {
        builder.Logging.Configure(options => options.ActivityTrackingOptions =
            ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId);

        var isSent = !string.IsNullOrWhiteSpace(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]);
        // The environment comes last and wins: there the AppHost names the instance.
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource
                .AddService(service.Name, "billing", service.Product.Version, false, service.Instance)
                .AddEnvironmentVariableDetector())
            .WithTracing(tracing =>
            {
                tracing.AddSource(Sources);
                // Ids travel all the same; describing each request and statement for nobody is what it saves.
                if (!isSent) tracing.SetSampler(new AlwaysOffSampler());
            })
            .WithMetrics(metrics => metrics.AddMeter(Meters));

        if (!isSent) return;

        telemetry.WithLogging(null, options => options.IncludeFormattedMessage = true).UseOtlpExporter();
    }
}
