using System.Reflection;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Testing;

public interface IDistributedApplicationTestingBuilder : IDistributedApplicationBuilder, IAsyncDisposable, IDisposable
{
    Task<DistributedApplication> BuildAsync(CancellationToken cancellationToken = default);
}

/// <summary>
/// Builds an application for a test: without its dashboard and with free ports wherever a fixed one is not
/// demanded by an endpoint without proxy.
/// </summary>
public static class DistributedApplicationTestingBuilder
{
    /// <summary>An empty application.</summary>
    public static IDistributedApplicationTestingBuilder Create(params string[] args) =>
        Create(args, (_, _) => { });

    public static IDistributedApplicationTestingBuilder Create(
        string[] args, Action<DistributedApplicationOptions, HostApplicationBuilderSettings> configureBuilder)
    {
        var options = new DistributedApplicationOptions { Args = args };
        var settings = new HostApplicationBuilderSettings();
        ForTests(options, settings);
        configureBuilder(options, settings);
        return new TestingBuilder(new DistributedApplicationBuilder(options, settings), run: null);
    }

    /// <summary>The application of an application host: runs its entry point up to where it builds.</summary>
    /// <typeparam name="TEntryPoint">Any type of the application host's assembly.</typeparam>
    public static Task<IDistributedApplicationTestingBuilder> CreateAsync<TEntryPoint>(
        CancellationToken cancellationToken = default)
        where TEntryPoint : class => CreateAsync<TEntryPoint>([], (_, _) => { }, cancellationToken);

    public static Task<IDistributedApplicationTestingBuilder> CreateAsync<TEntryPoint>(
        string[] args, CancellationToken cancellationToken = default)
        where TEntryPoint : class => CreateAsync<TEntryPoint>(args, (_, _) => { }, cancellationToken);

    public static Task<IDistributedApplicationTestingBuilder> CreateAsync<TEntryPoint>(
        string[] args, Action<DistributedApplicationOptions, HostApplicationBuilderSettings> configureBuilder,
        CancellationToken cancellationToken = default)
        where TEntryPoint : class =>
            CreateAsync(typeof(TEntryPoint), args, configureBuilder, cancellationToken);

    public static Task<IDistributedApplicationTestingBuilder> CreateAsync(
        Type entryPoint, CancellationToken cancellationToken = default) =>
        CreateAsync(entryPoint, [], (_, _) => { }, cancellationToken);

    public static Task<IDistributedApplicationTestingBuilder> CreateAsync(
        Type entryPoint, string[] args, CancellationToken cancellationToken = default) =>
        CreateAsync(entryPoint, args, (_, _) => { }, cancellationToken);

    /// <exception cref="InvalidOperationException">
    /// The assembly has no entry point, or it builds nothing.
    /// </exception>
    public static async Task<IDistributedApplicationTestingBuilder> CreateAsync(
        Type entryPoint, string[] args,
        Action<DistributedApplicationOptions, HostApplicationBuilderSettings> configureBuilder,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(entryPoint);
        ArgumentNullException.ThrowIfNull(args);
        var main = entryPoint.Assembly.EntryPoint ?? throw new InvalidOperationException(
            $"The assembly of '{entryPoint}' has no entry point.");
        var run = new EntryPointRun((options, settings) =>
        {
            ForTests(options, settings);
            options.Args ??= args;
            configureBuilder(options, settings);
        })
        { AppHost = entryPoint.Assembly };

        // A thread of its own: the entry point waits where it builds, and again where it runs.
        var thread = new Thread(() => run.Execute(() => Invoke(main, args)))
        {
            IsBackground = true,
            Name = $"Entry point of {entryPoint.Assembly.GetName().Name}",
        };
        thread.Start();
        return new TestingBuilder(await run.Builder.WaitAsync(cancellationToken), run);
    }

    private static void Invoke(MethodInfo main, string[] args)
    {
        if (main.Invoke(null, main.GetParameters().Length == 0 ? [] : [args]) is Task task)
        {
            task.GetAwaiter().GetResult();
        }
    }

    private static void ForTests(DistributedApplicationOptions options, HostApplicationBuilderSettings settings)
    {
        options.DisableDashboard = true;
        settings.EnvironmentName ??= Environments.Development;
        settings.Configuration ??= new ConfigurationManager();
        settings.Configuration["DcpPublisher:RandomizePorts"] ??= bool.TrueString;
    }
}

internal sealed class TestingBuilder(DistributedApplicationBuilder builder, EntryPointRun? run)
    : IDistributedApplicationTestingBuilder
{
    private DistributedApplication? _application;

    public ConfigurationManager Configuration => builder.Configuration;
    public string AppHostDirectory => builder.AppHostDirectory;
    public Assembly? AppHostAssembly => builder.AppHostAssembly;
    public IHostEnvironment Environment => builder.Environment;
    public IServiceCollection Services => builder.Services;
    public IDistributedApplicationEventing Eventing => builder.Eventing;
    public DistributedApplicationExecutionContext ExecutionContext => builder.ExecutionContext;
    public IResourceCollection Resources => builder.Resources;

    public IResourceBuilder<T> AddResource<T>(T resource)
        where T : IResource => builder.AddResource(resource);

    public IResourceBuilder<T> CreateResourceBuilder<T>(T resource)
        where T : IResource => builder.CreateResourceBuilder(resource);

    public DistributedApplication Build() => BuildAsync().GetAwaiter().GetResult();

    public async Task<DistributedApplication> BuildAsync(CancellationToken cancellationToken = default) =>
        _application ??= run is null ? builder.Build() : await run.Build().WaitAsync(cancellationToken);

    public void Dispose()
    {
        run?.Abandon();
        _application?.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        run?.Abandon();
        if (_application is not null) await _application.DisposeAsync();
    }
}

public static class DistributedApplicationHostingTestingExtensions
{
    /// <summary>A client whose base address is the endpoint.</summary>
    public static HttpClient CreateHttpClient(
        this DistributedApplication app, string resourceName, string? endpointName = null) =>
        new() { BaseAddress = app.GetEndpoint(resourceName, endpointName) };

    /// <param name="endpointName">The https endpoint, else the http endpoint, when not given.</param>
    /// <exception cref="ArgumentException">There is no such resource, or it has no such endpoint.</exception>
    /// <exception cref="InvalidOperationException">The application was not started.</exception>
    public static Uri GetEndpoint(
        this DistributedApplication app, string resourceName, string? endpointName = null)
    {
        if (Find(app, resourceName) is not IResourceWithEndpoints resource)
        {
            throw new InvalidOperationException($"Resource '{resourceName}' has no endpoints.");
        }

        var endpoint = resource.GetEndpoint(endpointName ?? "https");
        if (endpointName is null && !endpoint.Exists) endpoint = resource.GetEndpoint("http");
        if (!endpoint.Exists)
        {
            throw new ArgumentException(
                $"Endpoint '{endpointName ?? "http"}' for resource '{resourceName}' not found.", nameof(endpointName));
        }

        return new Uri(endpoint.Url);
    }

    /// <exception cref="ArgumentException">
    /// There is no such resource, or it has no connection string.
    /// </exception>
    public static ValueTask<string?> GetConnectionStringAsync(
        this DistributedApplication app, string resourceName, CancellationToken cancellationToken = default) =>
        Find(app, resourceName) is IResourceWithConnectionString resource
            ? resource.GetConnectionStringAsync(cancellationToken)
            : throw new ArgumentException(
                $"Resource '{resourceName}' does not expose a connection string.", nameof(resourceName));

    private static IResource Find(DistributedApplication app, string name)
    {
        ArgumentNullException.ThrowIfNull(app);
        return app.Services.GetRequiredService<DistributedApplicationModel>().Resources
            .FirstOrDefault(each => string.Equals(each.Name, name, StringComparison.OrdinalIgnoreCase))
            ?? throw new ArgumentException($"Resource '{name}' not found.", nameof(name));
    }
}
