using System.Collections.Immutable;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Orchestration;

/// <summary>
/// Asks a running resource for its health: often while it is coming up, rarely once it is healthy. The first
/// time that it is, the resource is ready, and only when everybody who wanted to hear of that is done may
/// others go on.
/// </summary>
internal sealed class HealthMonitor(
    HealthCheckService checks, ResourceNotificationService notifications, IDistributedApplicationEventing eventing,
    IServiceProvider services, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Slowest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WhenHealthy = TimeSpan.FromSeconds(5);
    private const double Growth = 1.3;

    /// <summary>Follows the resource through every start until it is cancelled.</summary>
    public async Task Watch(IResource resource, CancellationToken stop)
    {
        while (true)
        {
            var begun = await notifications.WaitForResourceAsync(resource.Name, IsRunning, stop);
            using var run = CancellationTokenSource.CreateLinkedTokenSource(stop);
            var ended = notifications.WaitForResourceAsync(
                resource.Name,
                each => !IsRunning(each) || each.Snapshot.StartTimeStamp != begun.Snapshot.StartTimeStamp, run.Token);
            var polling = Poll(resource, run.Token);

            // Polling ends by itself when there is nothing to ask; only a fault ends the watch with it.
            if (await Task.WhenAny(ended, polling) == polling) await polling;
            await Task.WhenAny(ended);
            await run.CancelAsync();
            await Task.WhenAny(polling);

            // The application stops: nothing is to be waited for any more.
            if (!ended.IsCompletedSuccessfully) return;
        }
    }

    private async Task Poll(IResource resource, CancellationToken stop)
    {
        var keys = resource.Annotations.OfType<HealthCheckAnnotation>().Select(each => each.Key).ToHashSet();
        var ready = false;
        var delay = First;
        while (true)
        {
            var reports = keys.Count == 0 ? [] : await Ask(keys, stop);
            var healthy = reports.All(each => each.Status == HealthStatus.Healthy);
            if (healthy && !ready)
            {
                var failure = await TellReady(resource, stop);
                ready = failure is null;
                if (failure is not null) reports = reports.Add(failure);
            }

            await Publish(resource, reports, ready, stop);
            if (ready && keys.Count == 0) return;

            await Task.Delay(healthy && ready ? WhenHealthy : delay, time, stop);
            delay = healthy && ready ? First : TimeSpan.FromTicks(
                Math.Min(Slowest.Ticks, (long)(delay.Ticks * Growth)));
        }
    }

    private async Task<ImmutableArray<HealthReportSnapshot>> Ask(HashSet<string> keys, CancellationToken stop)
    {
        var report = await checks.CheckHealthAsync(check => keys.Contains(check.Name), stop);
        return [.. report.Entries.OrderBy(each => each.Key, StringComparer.Ordinal).Select(each =>
            new HealthReportSnapshot(
                each.Key, each.Value.Status, each.Value.Description, each.Value.Exception?.Message))];
    }

    private async Task<HealthReportSnapshot?> TellReady(IResource resource, CancellationToken stop)
    {
        try
        {
            await eventing.PublishAsync(new ResourceReadyEvent(resource, services), stop);
            return null;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            throw;
        }
#pragma warning disable CA1031 // Code of the application's author may throw anything; the resource's health says it.
        catch (Exception wrong)
#pragma warning restore CA1031
        {
            log.LogWarning("What was to be done when {Resource} is ready failed: {Reason}", resource.Name, wrong.Message);
            return new HealthReportSnapshot("ready", HealthStatus.Unhealthy, wrong.Message, null);
        }
    }

    private Task Publish(
        IResource resource, ImmutableArray<HealthReportSnapshot> reports, bool ready, CancellationToken stop)
    {
        if (stop.IsCancellationRequested) return Task.CompletedTask;
        if (notifications.TryGetCurrentState(resource.Name, out var now)
            && now.Snapshot.IsReady == ready && now.Snapshot.HealthReports.SequenceEqual(reports))
        {
            return Task.CompletedTask;
        }

        return notifications.PublishUpdateAsync(resource, before =>
            before.State?.Text == KnownResourceStates.Running
                ? before with { HealthReports = reports, IsReady = ready } : before);
    }

    private static bool IsRunning(ResourceEvent happened) =>
        happened.Snapshot.State?.Text == KnownResourceStates.Running;
}
