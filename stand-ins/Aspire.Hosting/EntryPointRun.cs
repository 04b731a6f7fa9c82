using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Testing;

/// <summary>
/// A test that runs an application host's own entry point. It follows the entry point's flow of execution,
/// sees the builder when it is made, holds the entry point where it builds, and starts the application when
/// the test says so.
/// </summary>
internal sealed class EntryPointRun(Action<DistributedApplicationOptions, HostApplicationBuilderSettings> configure)
{
    private static readonly AsyncLocal<EntryPointRun?> Running = new();

    private readonly TaskCompletionSource _started = New<bool>.Void();
    private readonly TaskCompletionSource _mayBuild = New<bool>.Void();
    private readonly TaskCompletionSource<DistributedApplicationBuilder> _builder = New<DistributedApplicationBuilder>.Of();
    private readonly TaskCompletionSource<DistributedApplication> _application = New<DistributedApplication>.Of();

    public static EntryPointRun? Current => Running.Value;

    public Task Started => _started.Task;
    public Task<DistributedApplicationBuilder> Builder => _builder.Task;
    public Task<DistributedApplication> Application => _application.Task;
    public required System.Reflection.Assembly AppHost { get; init; }

    /// <summary>
    /// Runs the entry point as this run; what it throws before it has built reaches the test.
    /// </summary>
    public void Execute(Action entryPoint)
    {
        Running.Value = this;
        try
        {
            entryPoint();
            Fail(new InvalidOperationException("The entry point ended without building a distributed application."));
        }
#pragma warning disable CA1031 // Whatever it is, the test must hear of it.
        catch (Exception wrong)
#pragma warning restore CA1031
        {
            Fail(wrong is System.Reflection.TargetInvocationException { InnerException: { } inner } ? inner : wrong);
        }
    }

    public void Creating(DistributedApplicationOptions options, HostApplicationBuilderSettings settings) =>
        configure(options, settings);

    /// <summary>Everything is said: the test may look at it, add to it, and then lets it be built.</summary>
    public void Building(DistributedApplicationBuilder builder)
    {
        _builder.TrySetResult(builder);
        _mayBuild.Task.GetAwaiter().GetResult();
    }

    public void Built(DistributedApplication application) => _application.TrySetResult(application);

    public Task<DistributedApplication> Build()
    {
        _mayBuild.TrySetResult();
        return Application;
    }

    public void Abandon()
    {
        var abandoned = new OperationCanceledException("The test is over.");
        _mayBuild.TrySetException(abandoned);
        _started.TrySetException(abandoned);
    }

    public void ReportStarted() => _started.TrySetResult();

    public void ReportFailure(Exception wrong) => _started.TrySetException(wrong);

    private void Fail(Exception wrong)
    {
        _builder.TrySetException(wrong);
        _application.TrySetException(wrong);
    }

    private static class New<T>
    {
        public static TaskCompletionSource<T> Of()
        {
            var source = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
            Observe(source.Task);
            return source;
        }

        public static TaskCompletionSource Void()
        {
            var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Observe(source.Task);
            return source;
        }

        // A test that failed for another reason leaves some of these unobserved.
        private static void Observe(Task task) => task.ContinueWith(
            static failed => failed.Exception, CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
    }
}
