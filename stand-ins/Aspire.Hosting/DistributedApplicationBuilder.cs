using System.Collections.ObjectModel;
using System.Reflection;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Aspire.Hosting.Orchestration;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting;

/// <summary>Gathers the resources of an application.</summary>
public interface IDistributedApplicationBuilder
{
    ConfigurationManager Configuration { get; }

    /// <summary>Where relative paths begin: the directory of the application host's project.</summary>
    string AppHostDirectory { get; }

    Assembly? AppHostAssembly { get; }
    IHostEnvironment Environment { get; }
    IServiceCollection Services { get; }
    IDistributedApplicationEventing Eventing { get; }
    DistributedApplicationExecutionContext ExecutionContext { get; }
    IResourceCollection Resources { get; }

    /// <exception cref="DistributedApplicationException">
    /// There is a resource of this name already.
    /// </exception>
    IResourceBuilder<T> AddResource<T>(T resource)
        where T : IResource;

    IResourceBuilder<T> CreateResourceBuilder<T>(T resource)
        where T : IResource;

    DistributedApplication Build();
}

internal sealed class ResourceCollection(IEnumerable<IResource> resources)
    : Collection<IResource>([.. resources]), IResourceCollection;

internal sealed class ResourceBuilder<T>(IDistributedApplicationBuilder builder, T resource) : IResourceBuilder<T>
    where T : IResource
{
    public IDistributedApplicationBuilder ApplicationBuilder { get; } = builder;
    public T Resource { get; } = resource;

    public IResourceBuilder<T> WithAnnotation<TAnnotation>(
        TAnnotation annotation,
        ResourceAnnotationMutationBehavior behavior = ResourceAnnotationMutationBehavior.Append)
        where TAnnotation : IResourceAnnotation
    {
        ArgumentNullException.ThrowIfNull(annotation);
        if (behavior == ResourceAnnotationMutationBehavior.Replace)
        {
            foreach (var old in Resource.Annotations.OfType<TAnnotation>().ToArray())
            {
                Resource.Annotations.Remove(old);
            }
        }

        Resource.Annotations.Add(annotation);
        return this;
    }
}

public sealed class DistributedApplicationBuilder : IDistributedApplicationBuilder
{
    private readonly HostApplicationBuilder _host;
    private readonly EntryPointRun? _entryPoint = EntryPointRun.Current;

    public DistributedApplicationBuilder(string[] args)
        : this(new DistributedApplicationOptions { Args = args })
    {
    }

    public DistributedApplicationBuilder(DistributedApplicationOptions options)
        : this(options, new HostApplicationBuilderSettings())
    {
    }

    internal DistributedApplicationBuilder(
        DistributedApplicationOptions options, HostApplicationBuilderSettings settings)
    {
        ArgumentNullException.ThrowIfNull(options);
        _entryPoint?.Creating(options, settings);

        AppHostAssembly = options.AssemblyName is { } name
            ? Assembly.Load(name) : _entryPoint?.AppHost ?? Assembly.GetEntryAssembly();
        AppHostDirectory = AppHostProject.Directory(options, AppHostAssembly);
        settings.Args = options.Args;
        settings.ApplicationName ??= AppHostAssembly?.GetName().Name;
        settings.ContentRootPath ??= AppHostDirectory;
        _host = new HostApplicationBuilder(settings);

        Services.AddSingleton(options);
        Services.AddSingleton(ExecutionContext);
        Services.AddSingleton<IDistributedApplicationEventing>(Eventing);
        Services.AddSingleton(_ => new DistributedApplicationModel(Resources));
        Services.AddSingleton(TimeProvider.System);
        Services.AddSingleton(new AppHostProject(AppHostAssembly, AppHostDirectory));
        Services.AddSingleton<ConsoleLogs>();
        Services.AddSingleton(services => new ResourceLoggerService(services.GetRequiredService<ConsoleLogs>()));
        Services.AddSingleton<ResourceNotificationService>();
        Services.AddSingleton(services => new ResourceCommandService(
            services, services.GetRequiredService<ResourceLoggerService>()));
        Services.AddSingleton<ApplicationOrchestrator>();
        Services.AddSingleton<ResourceSource>();
        Services.AddHostedService(services => services.GetRequiredService<ApplicationOrchestrator>());
        Services.AddHealthChecks();
        Services.Configure<HostOptions>(host =>
        {
            // Long enough for every resource to stop in its turn; each has its own, shorter limit.
            host.ShutdownTimeout = TimeSpan.FromMinutes(2);
        });

        // The application says itself that it started, and every failed check is in the resource's health.
        // First of all sources, so that every other one wins.
        ((IConfigurationBuilder)Configuration).Sources.Insert(0, new MemoryConfigurationSource
        {
            InitialData =
            [
                new("Logging:LogLevel:Microsoft.Hosting.Lifetime", "Warning"),
                new("Logging:LogLevel:Microsoft.AspNetCore", "Warning"),
            ],
        });
        _host.Logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None);
        _host.Logging.AddFilter("System.Net.Http.HttpClient", LogLevel.Warning);
    }

    public ConfigurationManager Configuration => _host.Configuration;
    public string AppHostDirectory { get; }
    public Assembly? AppHostAssembly { get; }
    public IHostEnvironment Environment => _host.Environment;
    public IServiceCollection Services => _host.Services;
    public IDistributedApplicationEventing Eventing { get; } = new DistributedApplicationEventing();
    public DistributedApplicationExecutionContext ExecutionContext { get; } = new(DistributedApplicationOperation.Run);
    public IResourceCollection Resources { get; } = new ResourceCollection([]);

    public IResourceBuilder<T> AddResource<T>(T resource)
        where T : IResource
    {
        ArgumentNullException.ThrowIfNull(resource);
        if (Resources.FirstOrDefault(each => Same(each.Name, resource.Name)) is { } existing)
        {
            throw new DistributedApplicationException(
                $"Cannot add resource of type '{resource.GetType()}' with name '{resource.Name}' because resource "
                + $"of type '{existing.GetType()}' with that name already exists. Resource names are case-insensitive.");
        }

        Resources.Add(resource);
        return CreateResourceBuilder(resource);
    }

    public IResourceBuilder<T> CreateResourceBuilder<T>(T resource)
        where T : IResource
    {
        ArgumentNullException.ThrowIfNull(resource);
        return new ResourceBuilder<T>(this, resource);
    }

    public DistributedApplication Build()
    {
        _entryPoint?.Building(this);
        var application = new DistributedApplication(_host.Build());
        _entryPoint?.Built(application);
        return application;
    }

    private static bool Same(string left, string right) =>
        string.Equals(left, right, StringComparison.OrdinalIgnoreCase);
}

public static class DistributedApplicationBuilderExtensions
{
    /// <exception cref="InvalidOperationException">
    /// There is no such resource, or it is of another type.
    /// </exception>
    public static IResourceBuilder<T> CreateResourceBuilder<T>(
        this IDistributedApplicationBuilder builder, string name)
        where T : IResource =>
        builder.Resources.FirstOrDefault(each => string.Equals(each.Name, name, StringComparison.OrdinalIgnoreCase))
            switch
        {
            T found => builder.CreateResourceBuilder(found),
            null => throw new InvalidOperationException($"Resource with name '{name}' was not found."),
            var other => throw new InvalidOperationException(
                $"Resource with name '{name}' is of type '{other.GetType()}', not '{typeof(T)}'."),
        };
}
