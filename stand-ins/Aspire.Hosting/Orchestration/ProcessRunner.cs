using System.Diagnostics;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Dashboard;
using Aspire.Hosting.Eventing;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Orchestration;

/// <summary>What every runner needs.</summary>
internal sealed record RunnerServices(
    IServiceProvider Provider, IDistributedApplicationEventing Eventing, ResourceNotificationService Notifications,
    ResourceLoggerService Loggers, ConsoleLogs Logs, LaunchPlan Plan, Watchdog Watchdog, TimeProvider Time,
    ILogger Log);

/// <summary>
/// The life of one process: waits for what it needs, starts it, starts it again when it ends although it
/// should not, stops it. A resource that another waits for to complete runs once. So does one that ended with
/// 0 and that nobody can reach (no endpoints) or ask for its health.
/// </summary>
internal sealed class ProcessRunner(IResource resource, bool runsToCompletion, RunnerServices services) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _command = new(1);
    private readonly ConsoleLog _output = services.Logs.Of(resource.Name);
    private CancellationTokenSource? _stop;
    private CancellationToken _stopAtOnce;
    private Backoff _backoff = new();
    private bool _started;
    private Task _life = Task.CompletedTask;

    public IResource Resource => resource;
    public IReadOnlyList<EnvironmentView> Environment { get; private set; } = [];
    public string? CommandLine { get; private set; }
    public int Restarts { get; private set; }
    public bool IsAlive => !_life.IsCompleted;

    private bool IsServer => resource.HasAnnotationOfType<EndpointAnnotation>()
        || resource.HasAnnotationOfType<HealthCheckAnnotation>();

    public async Task Start(CancellationToken cancellation)
    {
        await _command.WaitAsync(cancellation);
        try
        {
            Begin();
        }
        finally
        {
            _command.Release();
        }
    }

    /// <param name="atOnce">When cancelled, the process is killed rather than asked.</param>
    public async Task Stop(CancellationToken atOnce)
    {
        await _command.WaitAsync(CancellationToken.None);
        try
        {
            await End(atOnce);
        }
        finally
        {
            _command.Release();
        }
    }

    public async Task Restart(CancellationToken cancellation)
    {
        await _command.WaitAsync(cancellation);
        try
        {
            await End(CancellationToken.None);
            Restarts++;
            Begin();
        }
        finally
        {
            _command.Release();
        }
    }

    public void Dispose()
    {
        _command.Dispose();
        _stop?.Dispose();
    }

    private void Begin()
    {
        if (IsAlive) return;

        _stop?.Dispose();
        _stop = new CancellationTokenSource();
        _backoff = new Backoff();
        _started = false;
        var stop = _stop.Token;
        _life = Task.Run(() => Live(stop), CancellationToken.None);
    }

    private async Task End(CancellationToken atOnce)
    {
        if (!IsAlive) return;

        _stopAtOnce = atOnce;
        await _stop!.CancelAsync();
        await _life;
    }

    private async Task Live(CancellationToken stop)
    {
        try
        {
            await Publish(KnownResourceStates.Waiting, when: resource.HasAnnotationOfType<WaitAnnotation>());
            await services.Notifications.WaitForDependenciesAsync(resource, stop);
            while (await RunOnce(stop))
            {
                Restarts++;
            }
        }
        catch (OperationCanceledException)
        {
            await Publish(_started ? KnownResourceStates.Exited : KnownResourceStates.NotStarted);
        }
#pragma warning disable CA1031 // Code of the application's author may throw anything; the resource says it.
        catch (Exception wrong)
#pragma warning restore CA1031
        {
            await Fail(wrong is DistributedApplicationException ? wrong.Message : $"{wrong.GetType().Name}: {wrong.Message}");
        }
    }

    /// <returns>True when it is to be started again.</returns>
    private async Task<bool> RunOnce(CancellationToken stop)
    {
        await services.Eventing.PublishAsync(new BeforeResourceStartedEvent(resource, services.Provider), stop);
        await Publish(KnownResourceStates.Starting);
        var log = services.Loggers.GetLogger(resource);
        var (launch, environment) = await services.Plan.Of(resource, services.Watchdog, log, stop);
        Environment = environment;
        CommandLine = launch.CommandLine;

        stop.ThrowIfCancellationRequested();
        var said = _output.LastNumber;
        var child = ChildProcess.Start(launch, services.Watchdog.Mark, _output);
        var since = Stopwatch.GetTimestamp();
        _started = true;
        await PublishRunning(child.Id);

        await Task.WhenAny(child.Exited, Task.Delay(Timeout.Infinite, stop));
        var healthy = services.Notifications.TryGetCurrentState(resource.Name, out var last)
            && last.Snapshot.HealthStatus == HealthStatus.Healthy;
        if (stop.IsCancellationRequested)
        {
            await Publish(KnownResourceStates.Stopping);
            await PublishEnd(KnownResourceStates.Exited, await child.Stop(Patience, _stopAtOnce), reason: null);
            return false;
        }

        var code = await child.Exited;
        if (code == 0 && (runsToCompletion || !IsServer))
        {
            await PublishEnd(KnownResourceStates.Finished, code, reason: null);
            return false;
        }

        var words = _output.LastWords(said);
        await PublishEnd(KnownResourceStates.Exited, code, words);
        if (runsToCompletion)
        {
            services.Log.LogError("Resource {Resource} ended with exit code {Code}. {LastWords}", resource.Name, code, words);
            return false;
        }

        var delay = _backoff.After(healthy ? Stopwatch.GetElapsedTime(since) : TimeSpan.Zero);
        services.Log.LogWarning(
            "Resource {Resource} ended with exit code {Code} and is started again in {Seconds} s. {LastWords}",
            resource.Name, code, delay.TotalSeconds, words);
        await Task.Delay(delay, services.Time, stop);
        return true;
    }

    private Task PublishRunning(int processId) =>
        services.Notifications.PublishUpdateAsync(resource, before =>
        (before with
        {
            State = KnownResourceStates.Running,
            StartTimeStamp = services.Time.GetUtcNow().UtcDateTime,
            StopTimeStamp = null,
            ExitCode = null,
            EnvironmentVariables =
                [.. Environment.Select(each => new EnvironmentVariableSnapshot(each.Name, each.Value, IsFromSpec: true))],
        }).With(ResourceProperties.ProcessId, processId).With(ResourceProperties.Reason, null));

    private async Task PublishEnd(string state, int exitCode, string? reason)
    {
        await services.Notifications.PublishUpdateAsync(resource, before => (before with
        {
            State = state,
            ExitCode = exitCode,
            StopTimeStamp = services.Time.GetUtcNow().UtcDateTime,
        }).With(ResourceProperties.ProcessId, null).With(ResourceProperties.Reason, reason));
        if (services.Notifications.TryGetCurrentState(resource.Name, out var now))
        {
            await services.Eventing.PublishAsync(
                new ResourceStoppedEvent(resource, services.Provider, now), CancellationToken.None);
        }
    }

    private async Task Fail(string reason)
    {
        services.Log.LogError("Resource {Resource} failed to start: {Reason}", resource.Name, reason);
        _output.Add($"Failed to start: {reason}", isError: true);
        await services.Notifications.PublishUpdateAsync(resource, before => (before with
        {
            State = new ResourceStateSnapshot(KnownResourceStates.FailedToStart, KnownResourceStateStyles.Error),
        }).With(ResourceProperties.ProcessId, null).With(ResourceProperties.Reason, reason));
    }

    private Task Publish(string state, bool when = true) => !when
        ? Task.CompletedTask
        : services.Notifications.PublishUpdateAsync(
            resource, before => (before with { State = state }).With(ResourceProperties.Reason, null));
}
