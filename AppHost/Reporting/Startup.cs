using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Billing.AppHost.Reporting;

/// <summary>The processes of the stack, in the order in which they were added.</summary>
internal sealed record WatchedResources(IReadOnlyList<IResource> All);

/// <summary>A process that will not come up by itself.</summary>
internal sealed record Failure(IResource Resource, string Sentence);

/// <summary>One line of the report.</summary>
internal sealed record Row(string Resource, string State, string Url);

/// <summary>What is known of each process while the stack starts.</summary>
internal sealed class Startup(IReadOnlyList<IResource> resources)
{
    // A process that dies while others wait for it is started again; three times is not bad luck.
    private const int MostEnds = 3;

    private readonly Dictionary<string, CustomResourceSnapshot> latest = [];
    private readonly Dictionary<string, int> ends = [];

    public Failure? Failed { get; private set; }

    public bool IsComplete
    {
        get
        {
            lock (latest)
                return resources.All(resource => latest.TryGetValue(resource.Name, out var now) && IsUp(now));
        }
    }

    public void Note(ResourceEvent change)
    {
        var name = change.Resource.Name;
        if (resources.All(resource => resource.Name != name)) return;

        lock (latest)
        {
            var before = latest.GetValueOrDefault(name)?.State?.Text;
            latest[name] = change.Snapshot;
            Failed ??= WhyFailed(change.Resource, change.Snapshot, before);
        }
    }

    public IReadOnlyList<Row> Rows()
    {
        lock (latest)
            return [.. resources.Select(resource => new Row(
                resource.Name, Words(latest[resource.Name]), Url(latest[resource.Name])))];
    }

    public IReadOnlyList<string> Awaited()
    {
        lock (latest)
            return [.. resources
                .Where(resource => !latest.TryGetValue(resource.Name, out var now) || !IsUp(now))
                .Select(resource => $"{resource.Name} ({Words(latest.GetValueOrDefault(resource.Name))})")];
    }

    /// <summary>The endpoint addresses of a process, by endpoint name.</summary>
    public IReadOnlyDictionary<string, string> Urls(string resource)
    {
        lock (latest)
            return latest[resource].Urls.Where(url => url.Name is not null && !url.IsInternal)
                .GroupBy(url => url.Name!).ToDictionary(urls => urls.Key, urls => urls.First().Url);
    }

    private Failure? WhyFailed(IResource resource, CustomResourceSnapshot now, string? before)
    {
        var state = now.State?.Text;
        if (state == KnownResourceStates.FailedToStart && WaitsForNobodyThatFailed(resource))
            return new(resource, $"{resource.Name} cannot be started.");
        if (state is null || state == before || !KnownResourceStates.TerminalStates.Contains(state))
            return null;
        if (IsRun(resource))
            return now.ExitCode is null or 0
                ? null : new(resource, $"{resource.Name} ended with exit code {Code(now)}.");

        ends[resource.Name] = ends.GetValueOrDefault(resource.Name) + 1;
        return ends[resource.Name] < MostEnds
            ? null
            : new(
                resource,
                $"{resource.Name} ended {MostEnds} times, the last time with exit code {Code(now)}.");
    }

    /// <summary>The others of a failed one fail for its sake: it is the one to name.</summary>
    private bool WaitsForNobodyThatFailed(IResource resource) =>
        !resource.Annotations.OfType<WaitAnnotation>().Any(wait =>
            latest.TryGetValue(wait.Resource.Name, out var other)
            && other.State?.Text is { } state && KnownResourceStates.TerminalStates.Contains(state)
            && !IsUp(other));

    private static bool IsRun(IResource resource) =>
        resource.Name.EndsWith("-migrations", StringComparison.Ordinal);

    private static bool IsUp(CustomResourceSnapshot snapshot) =>
        snapshot.State?.Text == KnownResourceStates.Running
            ? snapshot.HealthStatus is HealthStatus.Healthy
            : snapshot.State?.Text is "Finished" or "Exited" && snapshot.ExitCode == 0;

    private static string Words(CustomResourceSnapshot? snapshot) => snapshot switch
    {
        null or { State: null } => "not started",
        { HealthStatus: HealthStatus.Healthy } => "healthy",
        { HealthStatus: not null } => Unhealthy(snapshot),
        _ => snapshot.State.Text.ToLowerInvariant(),
    };

    private static string Unhealthy(CustomResourceSnapshot snapshot)
    {
        var report = snapshot.HealthReports
            .FirstOrDefault(report => report.Status is not (null or HealthStatus.Healthy));
        if (report is null) return "not checked yet";

        var why = report.Description ?? report.ExceptionText ?? report.Name;
        return $"unhealthy: {why.ReplaceLineEndings(" ")}";
    }

    private static string Url(CustomResourceSnapshot snapshot) =>
        snapshot.Urls.FirstOrDefault(url => !url.IsInternal)?.Url ?? "";

    private static string Code(CustomResourceSnapshot snapshot) =>
        snapshot.ExitCode?.ToString(CultureInfo.InvariantCulture) ?? "unknown";
}
