using System.Diagnostics.CodeAnalysis;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Orchestration;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting;

/// <summary>What is wrong with the application, told to the person who wrote or started it.</summary>
public class DistributedApplicationException : Exception
{
    public DistributedApplicationException()
    {
    }

    public DistributedApplicationException(string message)
        : base(message)
    {
    }

    public DistributedApplicationException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

/// <summary>A parameter or connection string has neither a value nor a default.</summary>
public class MissingParameterValueException : DistributedApplicationException
{
    public MissingParameterValueException(string message)
        : base(message)
    {
    }

    public MissingParameterValueException(string message, Exception? innerException)
        : base(message, innerException!)
    {
    }
}

public enum DistributedApplicationOperation
{
    Run,
    Publish,
}

public class DistributedApplicationExecutionContext(DistributedApplicationOperation operation)
{
    public DistributedApplicationOperation Operation { get; } = operation;
    public bool IsRunMode => Operation == DistributedApplicationOperation.Run;
    public bool IsPublishMode => Operation == DistributedApplicationOperation.Publish;
}

public sealed class DistributedApplicationOptions
{
    public string[]? Args { get; set; }

    /// <summary>The assembly of the application host; the entry assembly when not given.</summary>
    public string? AssemblyName { get; set; }

    /// <summary>
    /// Where relative paths begin; where the application host's project is, when not given.
    /// </summary>
    public string? ProjectDirectory { get; set; }

    public bool DisableDashboard { get; set; }
    public string? DashboardApplicationName { get; set; }
    public bool AllowUnsecuredTransport { get; set; }

    /// <summary>Writes what the resources write to the application host's own log as well.</summary>
    public bool EnableResourceLogging { get; set; }
}

/// <summary>What the application consists of.</summary>
public class DistributedApplicationModel(IEnumerable<IResource> resources)
{
    public IResourceCollection Resources { get; } =
        resources as IResourceCollection ?? new ResourceCollection(resources);
}

/// <summary>The built application: starts, watches and stops its resources.</summary>
public class DistributedApplication : IHost, IAsyncDisposable
{
    private readonly IHost _host;
    private readonly EntryPointRun? _entryPoint;
    private int _disposed;

    public DistributedApplication(IHost host)
    {
        ArgumentNullException.ThrowIfNull(host);
        _host = host;
        _entryPoint = EntryPointRun.Current;
    }

    public IServiceProvider Services => _host.Services;

    public ResourceNotificationService ResourceNotifications =>
        Services.GetRequiredService<ResourceNotificationService>();

    public ResourceCommandService ResourceCommands => Services.GetRequiredService<ResourceCommandService>();

    public static IDistributedApplicationBuilder CreateBuilder() => CreateBuilder([]);

    public static IDistributedApplicationBuilder CreateBuilder(string[] args) =>
        CreateBuilder(new DistributedApplicationOptions { Args = args });

    public static IDistributedApplicationBuilder CreateBuilder(DistributedApplicationOptions options) =>
        new DistributedApplicationBuilder(options);

    /// <summary>Starts every resource or lets it wait for others; returns before they are ready.</summary>
    public Task StartAsync(CancellationToken cancellationToken = default) =>
        // A test starts the application itself; the entry point that it took it from only waits for that.
        EntryPointRun.Current is { } run ? run.Started.WaitAsync(cancellationToken) : Start(cancellationToken);

    /// <summary>Stops every resource, those first that depend on others.</summary>
    public Task StopAsync(CancellationToken cancellationToken = default) =>
        _host.StopAsync(cancellationToken);

    public void Run() => RunAsync().GetAwaiter().GetResult();

    /// <summary>Starts the application and returns when it was stopped, by Ctrl+C for example.</summary>
    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await StartAsync(cancellationToken);
            await _host.WaitForShutdownAsync(cancellationToken);
        }
        finally
        {
            // In a test the application belongs to the test.
            if (EntryPointRun.Current is null) await DisposeAsync();
        }
    }

    [SuppressMessage("Usage", "CA1816", Justification = "The host decides; there is no finalizer.")]
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    [SuppressMessage("Usage", "CA1816", Justification = "The host decides; there is no finalizer.")]
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;

        // Nobody may have stopped it: a test that failed, for example.
        if (Services.GetService<ApplicationOrchestrator>() is { } running) await running.StopAsync(default);
        if (_host is IAsyncDisposable host) await host.DisposeAsync();
        else _host.Dispose();
    }

    private async Task Start(CancellationToken cancellationToken)
    {
        var log = Services.GetRequiredService<ILogger<DistributedApplication>>();
        log.LogInformation("Distributed application starting.");
        try
        {
            await _host.StartAsync(cancellationToken);
        }
        catch (Exception wrong)
        {
            _entryPoint?.ReportFailure(wrong);
            throw;
        }

        log.LogInformation("Distributed application started. Press Ctrl+C to shut down.");
        _entryPoint?.ReportStarted();
    }
}
