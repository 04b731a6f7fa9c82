using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Aspire.Hosting.Orchestration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>The last known state of every resource, and who waits for it to change.</summary>
public class ResourceNotificationService : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ResourceEvent> _states = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<Channel<ResourceEvent>> _watchers = [];
    private readonly ILogger _log;
    private readonly IHostApplicationLifetime _lifetime;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ResourceNotificationService(
        ILogger<ResourceNotificationService> logger, IHostApplicationLifetime hostApplicationLifetime)
    {
        _log = logger;
        _lifetime = hostApplicationLifetime;
    }

    [ActivatorUtilitiesConstructor]
    public ResourceNotificationService(
        ILogger<ResourceNotificationService> logger, IHostApplicationLifetime hostApplicationLifetime,
        IServiceProvider serviceProvider, ResourceLoggerService resourceLoggerService)
        : this(logger, hostApplicationLifetime)
    {
        _ = (serviceProvider, resourceLoggerService);
    }

    /// <summary>Grows with each change.</summary>
    internal long Version { get; private set; }

    public Task PublishUpdateAsync(
        IResource resource, Func<CustomResourceSnapshot, CustomResourceSnapshot> stateFactory) =>
        PublishUpdateAsync(resource, resource.Name, stateFactory);

    public Task PublishUpdateAsync(
        IResource resource, string resourceId, Func<CustomResourceSnapshot, CustomResourceSnapshot> stateFactory)
    {
        ArgumentNullException.ThrowIfNull(resource);
        ArgumentNullException.ThrowIfNull(stateFactory);
        TaskCompletionSource changed;
        lock (_lock)
        {
            var before = _states.TryGetValue(resourceId, out var known) ? known.Snapshot : First(resource);
            var after = WithHealthOf(resource, before, stateFactory(before));
            var happened = new ResourceEvent(resource, resourceId, after);
            _states[resourceId] = happened;
            foreach (var watcher in _watchers) watcher.Writer.TryWrite(happened);

            if (before.State?.Text != after.State?.Text)
            {
                _log.LogDebug("Resource {Resource} changed state: {State}", resource.Name, after.State?.Text);
            }

            changed = NoteChange();
        }

        changed.SetResult();
        return Task.CompletedTask;
    }

    public bool TryGetCurrentState(string resourceId, [NotNullWhen(true)] out ResourceEvent? resourceEvent)
    {
        lock (_lock) return _states.TryGetValue(resourceId, out resourceEvent);
    }

    /// <summary>The state of every resource now, then each change.</summary>
    public async IAsyncEnumerable<ResourceEvent> WatchAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        // Bounded: who does not read for a while gets the newest changes.
        var channel = Channel.CreateBounded<ResourceEvent>(
            new BoundedChannelOptions(4096) { FullMode = BoundedChannelFullMode.DropOldest });
        lock (_lock)
        {
            foreach (var state in _states.Values) channel.Writer.TryWrite(state);
            _watchers.Add(channel);
        }

        try
        {
            await foreach (var happened in channel.Reader.ReadAllAsync(cancellationToken)) yield return happened;
        }
        finally
        {
            lock (_lock) _watchers.Remove(channel);
        }
    }

    public Task WaitForResourceAsync(
        string resourceName, string? targetState = null, CancellationToken cancellationToken = default) =>
        WaitForResourceAsync(resourceName, [targetState ?? KnownResourceStates.Running], cancellationToken);

    public async Task<string> WaitForResourceAsync(
        string resourceName, IEnumerable<string> targetStates, CancellationToken cancellationToken = default)
    {
        var wanted = targetStates.ToHashSet(StringComparer.OrdinalIgnoreCase);
        var happened = await WaitForResourceAsync(
            resourceName, each => each.Snapshot.State?.Text is { } state && wanted.Contains(state),
            cancellationToken);
        return happened.Snapshot.State!.Text;
    }

    public async Task<ResourceEvent> WaitForResourceAsync(
        string resourceName, Func<ResourceEvent, bool> predicate, CancellationToken cancellationToken = default)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(
            cancellationToken, _lifetime.ApplicationStopping);
        while (true)
        {
            Task changed;
            ResourceEvent? now;
            lock (_lock)
            {
                changed = _changed.Task;
                now = Find(resourceName);
            }

            if (now is not null && predicate(now)) return now;

            await changed.WaitAsync(either.Token);
        }
    }

    /// <summary>
    /// Waits until the resource runs and its checks, if it has any, say that it is healthy.
    /// </summary>
    public Task<ResourceEvent> WaitForResourceHealthyAsync(
        string resourceName, CancellationToken cancellationToken = default) =>
        WaitForResourceHealthyAsync(
            resourceName, WaitBehavior.WaitOnResourceUnavailable, cancellationToken);

    /// <exception cref="DistributedApplicationException">
    /// The resource ended or cannot start, and the caller does not want to wait for somebody to start it by
    /// hand.
    /// </exception>
    public async Task<ResourceEvent> WaitForResourceHealthyAsync(
        string resourceName, WaitBehavior waitBehavior, CancellationToken cancellationToken = default)
    {
        var happened = await WaitForResourceAsync(
            resourceName,
            each => IsHealthy(each.Snapshot)
                || (waitBehavior == WaitBehavior.StopOnResourceUnavailable && Ended(each.Snapshot)),
            cancellationToken);
        return IsHealthy(happened.Snapshot)
            ? happened
            : throw new DistributedApplicationException(
                $"Stopped waiting for resource '{resourceName}' to become healthy because it "
                + WhyItEnded(happened.Snapshot));
    }

    /// <summary>Waits for all that the resource was told to wait for.</summary>
    /// <exception cref="DistributedApplicationException">
    /// Something that it waits for ended in another way than hoped, or cannot start.
    /// </exception>
    public async Task WaitForDependenciesAsync(IResource resource, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(resource);
        var waits = resource.Annotations.OfType<WaitAnnotation>().ToArray();
        if (waits.Length == 0) return;

        // The first that fails is told at once; the others need not be waited for.
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pending = waits.Select(wait => Wait(resource, wait, failed.Token)).ToList();
        while (pending.Count > 0)
        {
            var done = await Task.WhenAny(pending);
            pending.Remove(done);
            if (done.IsCompletedSuccessfully) continue;

            await failed.CancelAsync();
            await done;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var watcher in _watchers) watcher.Writer.TryComplete();
        }

        GC.SuppressFinalize(this);
    }

    internal async Task WaitForChange(long seenVersion, CancellationToken cancellation)
    {
        Task changed;
        lock (_lock)
        {
            if (Version > seenVersion) return;
            changed = _changed.Task;
        }

        await changed.WaitAsync(cancellation);
    }

    /// <summary>Something about a resource changed that its snapshot does not hold.</summary>
    internal void Touch()
    {
        TaskCompletionSource changed;
        lock (_lock) changed = NoteChange();
        changed.SetResult();
    }

    internal static string WhyItEnded(CustomResourceSnapshot snapshot)
    {
        var why = snapshot.State?.Text == KnownResourceStates.FailedToStart
            ? "failed to start" : $"ended with exit code {snapshot.ExitCode?.ToString() ?? "unknown"}";
        var detail = snapshot.Properties.FirstOrDefault(each => each.Name == ResourceProperties.Reason)?.Value;
        return detail is null ? why + "." : $"{why}: {detail}";
    }

    private async Task Wait(IResource waiter, WaitAnnotation wait, CancellationToken cancellation)
    {
        // A process that crashed is started again, so that only "cannot start" is final.
        var happened = await WaitForResourceAsync(
            wait.Resource.Name, each => Fulfills(wait, each.Snapshot) || IsFinal(wait, each.Snapshot), cancellation);
        if (Fulfills(wait, happened.Snapshot)) return;

        throw new DistributedApplicationException(
            $"Resource '{waiter.Name}' cannot start because '{wait.Resource.Name}' {WhyItEnded(happened.Snapshot)}");
    }

    private static bool Fulfills(WaitAnnotation wait, CustomResourceSnapshot snapshot) => wait.WaitType switch
    {
        WaitType.WaitUntilStarted => snapshot.State?.Text == KnownResourceStates.Running,
        WaitType.WaitUntilHealthy => IsHealthy(snapshot),
        _ => snapshot.State?.Text == KnownResourceStates.Finished && (snapshot.ExitCode ?? 0) == wait.ExitCode
            || (snapshot.State?.Text == KnownResourceStates.Exited && snapshot.ExitCode == wait.ExitCode),
    };

    private static bool IsFinal(WaitAnnotation wait, CustomResourceSnapshot snapshot) =>
        wait.WaitType == WaitType.WaitForCompletion
            ? Ended(snapshot)
            : wait.WaitBehavior == WaitBehavior.StopOnResourceUnavailable
                ? Ended(snapshot)
                : wait.WaitBehavior is null && snapshot.State?.Text == KnownResourceStates.FailedToStart;

    private static bool IsHealthy(CustomResourceSnapshot snapshot) =>
        snapshot is { HealthStatus: HealthStatus.Healthy, IsReady: true };

    private static bool Ended(CustomResourceSnapshot snapshot) =>
        snapshot.State?.Text is { } state && KnownResourceStates.TerminalStates.Contains(state);

    private static CustomResourceSnapshot First(IResource resource) =>
        resource.TryGetLastAnnotation<ResourceSnapshotAnnotation>(out var initial)
            ? initial.InitialSnapshot
            : new CustomResourceSnapshot { ResourceType = ResourceProperties.Kind(resource), Properties = [] };

    /// <summary>A resource that has checks is not healthy before the first of them answered.</summary>
    private static CustomResourceSnapshot WithHealthOf(
        IResource resource, CustomResourceSnapshot before, CustomResourceSnapshot after)
    {
        var begins = after.State?.Text == KnownResourceStates.Running
            && before.State?.Text != KnownResourceStates.Running;
        if (!begins) return after;

        return after with
        {
            IsReady = false,
            HealthReports = [.. resource.Annotations.OfType<HealthCheckAnnotation>()
                .Select(check => new HealthReportSnapshot(check.Key, null, null, null))],
        };
    }

    private ResourceEvent? Find(string name) => _states.TryGetValue(name, out var known)
        ? known : _states.Values.FirstOrDefault(each => each.Resource.Name == name);

    private TaskCompletionSource NoteChange()
    {
        Version++;
        var changed = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return changed;
    }
}
