using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Dashboard;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.Orchestration;

/// <summary>What the dashboard sees of the application.</summary>
internal sealed class ResourceSource(
    DistributedApplicationModel model, ApplicationOrchestrator orchestrator, ResourceNotificationService notifications,
    ConsoleLogs logs, ResourceCommandService commands) : IResourceSource
{
    private const string Unknown = "Unknown";

    public long Version => notifications.Version;

    /// <summary>Parameters are values of other resources, and seen there.</summary>
    public IReadOnlyList<ResourceView> Resources =>
    [
        .. model.Resources.Where(each => each is not ParameterResource or IResourceWithConnectionString)
            .Select(View).OfType<ResourceView>(),
    ];

    public Task WaitForChange(long seenVersion, CancellationToken cancellation) =>
        notifications.WaitForChange(seenVersion, cancellation);

    public IReadOnlyList<ConsoleLine> ConsoleLines(string resource, long after, int atMost) =>
        logs.Of(resource).After(after, atMost);

    public async Task Execute(string resource, string command, CancellationToken cancellation)
    {
        var result = await commands.ExecuteCommandAsync(resource, command, cancellation);
        if (!result.Success) throw new DistributedApplicationException(result.Message ?? "The command was cancelled.");
    }

    private ResourceView? View(IResource resource)
    {
        if (!notifications.TryGetCurrentState(resource.Name, out var known) || known.Snapshot.IsHidden) return null;

        var snapshot = known.Snapshot;
        var runner = orchestrator.RunnerOf(resource);
        return new ResourceView(
            resource.Name,
            snapshot.ResourceType,
            snapshot.State?.Text ?? Unknown,
            snapshot.HealthStatus?.ToString() ?? Unknown,
            HealthDetail(snapshot),
            [.. snapshot.Urls.Select(each => new EndpointView(
                each.DisplayText is { Length: > 0 } text ? text : each.Name ?? each.Url, each.Url))],
            runner?.Environment ?? [],
            snapshot.Properties.FirstOrDefault(each => each.Name == ResourceProperties.ProcessId)?.Value as int?,
            snapshot.StartTimeStamp is { } start ? new DateTimeOffset(start, TimeSpan.Zero) : null,
            runner?.Restarts ?? 0,
            snapshot.ExitCode,
            runner?.CommandLine,
            [.. resource.Annotations.OfType<WaitAnnotation>().Select(each => each.Resource.Name).Distinct()],
            Offered(runner));
    }

    private static string? HealthDetail(CustomResourceSnapshot snapshot)
    {
        var sick = snapshot.HealthReports.Where(each => each.Status is not HealthStatus.Healthy)
            .Select(each => $"{each.Name}: {each.Description ?? each.ExceptionText ?? "not asked yet"}");
        var reason = snapshot.Properties.FirstOrDefault(each => each.Name == ResourceProperties.Reason)?.Value;
        var detail = string.Join("; ", sick.Prepend(reason as string).Where(each => each is not null));
        return detail.Length > 0 ? detail : null;
    }

    private static string[] Offered(ProcessRunner? runner) => runner switch
    {
        null => [],
        { IsAlive: true } => [KnownResourceCommands.StopCommand, KnownResourceCommands.RestartCommand],
        _ => [KnownResourceCommands.StartCommand],
    };
}
