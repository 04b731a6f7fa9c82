using System.Diagnostics;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Billing.StandIns.Tests.AspireHosting;

/// <summary>Small applications made of shell scripts, and what tests ask about them.</summary>
internal static class Applications
{
    /// <summary>Generous: the machine may be busy.</summary>
    public const int Limit = 60_000;

    public const string Forever = "while :; do sleep 0.1; done";

    public static readonly string SampleHostProgram = Path.Combine(
        Path.GetDirectoryName(typeof(SampleHost.Program).Assembly.Location)!, "SampleHost");

    public static IResourceBuilder<ExecutableResource> AddShell(
        this IDistributedApplicationBuilder builder, string name, string script) =>
        builder.AddExecutable(name, "/bin/sh", Path.GetTempPath(), "-c", script);

    /// <summary>A health check that says what the test wants.</summary>
    public static Switch AddSwitch(this IDistributedApplicationBuilder builder, string key)
    {
        var healthy = new Switch();
        builder.Services.AddHealthChecks().AddCheck(
            key, () => healthy.IsOn ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("not yet"));
        return healthy;
    }

    public static string? StateOf(this DistributedApplication application, string name) =>
        application.ResourceNotifications.TryGetCurrentState(name, out var now) ? now.Snapshot.State?.Text : null;

    public static async Task<int> RunningProcess(
        this DistributedApplication application, string name, CancellationToken cancellation, int otherThan = 0)
    {
        var running = await application.ResourceNotifications.WaitForResourceAsync(
            name, each => Pid(each.Snapshot) is { } pid && pid != otherThan, cancellation);
        return Pid(running.Snapshot)!.Value;
    }

    public static string? ReasonOf(this ResourceEvent happened) =>
        happened.Snapshot.Properties.FirstOrDefault(each => each.Name == "reason")?.Value as string;

    public static async Task<string[]> Output(
        this DistributedApplication application, string name, Func<string[], bool> complete,
        CancellationToken cancellation)
    {
        List<string> said = [];
        var lines = application.Services.GetRequiredService<ResourceLoggerService>().WatchAsync(name);
        await foreach (var batch in lines.WithCancellation(cancellation))
        {
            said.AddRange(batch.Select(each => each.Content));
            if (complete([.. said])) return [.. said];
        }

        throw new UnreachableException();
    }

    public static async Task Until(Func<bool> condition, CancellationToken cancellation)
    {
        while (!condition()) await Task.Delay(20, cancellation);
    }

    private static int? Pid(CustomResourceSnapshot snapshot) =>
        snapshot.State?.Text == KnownResourceStates.Running
            ? snapshot.Properties.FirstOrDefault(each => each.Name == "executable.pid")?.Value as int? : null;

    internal sealed class Switch
    {
        public volatile bool IsOn;
    }
}
