using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using JasperFx.Events.Subscriptions;
using Marten.AsyncDaemon;
using Marten.Events.Daemon.Coordination;
using Marten.Events.Projections;
using Marten.Subscriptions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Marten;

/// <summary>Says more about the store when everything else is known.</summary>
public interface IConfigureMarten
{
    void Configure(IServiceProvider services, StoreOptions options);
}

/// <summary>Puts a store into a container, with a session for each scope.</summary>
public static class MartenServiceCollectionExtensions
{
    public static MartenConfigurationExpression AddMarten(this IServiceCollection services) =>
        services.AddMarten(_ => new StoreOptions());

    public static MartenConfigurationExpression AddMarten(
        this IServiceCollection services, string connectionString) =>
        services.AddMarten(options => options.Connection(connectionString));

    public static MartenConfigurationExpression AddMarten(
        this IServiceCollection services, Action<StoreOptions> configure) =>
        services.AddMarten(_ =>
        {
            var options = new StoreOptions();
            configure(options);

            return options;
        });

    public static MartenConfigurationExpression AddMarten(
        this IServiceCollection services, StoreOptions options) => services.AddMarten(_ => options);

    public static MartenConfigurationExpression AddMarten(
        this IServiceCollection services, Func<IServiceProvider, StoreOptions> optionSource)
    {
        services.AddSingleton<IDocumentStore>(provider => Make(provider, optionSource(provider)));
        services.AddSingleton(provider => (DocumentStore)provider.GetRequiredService<IDocumentStore>());
        services.TryAddSingleton<ISessionFactory, Sessions>();
        services.TryAddScoped(provider => provider.GetRequiredService<ISessionFactory>().OpenSession());
        services.TryAddScoped(provider => provider.GetRequiredService<ISessionFactory>().QuerySession());

        return new(services);
    }

    public static IServiceCollection ConfigureMarten(
        this IServiceCollection services, Action<StoreOptions> configure) =>
        services.ConfigureMarten((_, options) => configure(options));

    public static IServiceCollection ConfigureMarten(
        this IServiceCollection services, Action<IServiceProvider, StoreOptions> configure) =>
        services.AddSingleton<IConfigureMarten>(new Configuring(configure));

    private static DocumentStore Make(IServiceProvider provider, StoreOptions options)
    {
        foreach (var more in provider.GetServices<IConfigureMarten>()) more.Configure(provider, options);

        return new(options) { Loggers = provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance };
    }

    private sealed class Configuring(Action<IServiceProvider, StoreOptions> configure) : IConfigureMarten
    {
        public void Configure(IServiceProvider services, StoreOptions options) =>
            configure(services, options);
    }

    private sealed class Sessions(IDocumentStore store) : ISessionFactory
    {
        public IQuerySession QuerySession() => store.QuerySession();

        public IDocumentSession OpenSession() => store.LightweightSession();
    }

    private sealed class Migrating(DocumentStore store) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) =>
            store.Storage.ApplyAllConfiguredChangesToDatabaseAsync();

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    public class MartenConfigurationExpression
    {
        internal MartenConfigurationExpression(IServiceCollection services) => Services = services;

        public IServiceCollection Services { get; }

        /// <summary>Runs asynchronous projections and subscriptions while the host runs.</summary>
        public MartenConfigurationExpression AddAsyncDaemon(DaemonMode mode)
        {
            Services.ConfigureMarten(options => options.Projections.AsyncMode = mode);
            Services.AddSingleton<IProjectionCoordinator>(provider => new HostedDaemon(
                provider.GetRequiredService<DocumentStore>(), mode,
                provider.GetService<ILogger<HostedDaemon>>() ?? NullLogger<HostedDaemon>.Instance));
            Services.AddSingleton<IHostedService>(
                provider => provider.GetRequiredService<IProjectionCoordinator>());

            return this;
        }

        /// <summary>With the services it asks for; a scoped one is made anew for each page.</summary>
        public MartenConfigurationExpression AddProjectionWithServices<T>(
            ProjectionLifecycle lifecycle, ServiceLifetime lifetime, string projectionName)
            where T : class, IProjection
        {
            Services.TryAdd(new ServiceDescriptor(typeof(T), typeof(T), lifetime));
            Services.ConfigureMarten((provider, options) => options.Projections.Add(
                lifetime == ServiceLifetime.Singleton
                    ? provider.GetRequiredService<T>() : new ScopedProjection<T>(provider),
                lifecycle,
                projectionName));

            return this;
        }

        /// <summary>With the services it asks for; a scoped one is made anew for each page.</summary>
        public MartenConfigurationExpression AddSubscriptionWithServices<T>(
            ServiceLifetime lifetime, Action<ISubscriptionOptions>? configure = null)
            where T : class, ISubscription
        {
            Services.TryAdd(new ServiceDescriptor(typeof(T), typeof(T), lifetime));
            Services.ConfigureMarten((provider, options) =>
            {
                if (lifetime == ServiceLifetime.Singleton)
                    options.Projections.Subscribe(provider.GetRequiredService<T>(), configure);
                else options.Projections.Subscribe(ScopedSubscription<T>.Named(provider), configure);
            });

            return this;
        }

        /// <summary>Before any other hosted service that is added after this.</summary>
        public MartenConfigurationExpression ApplyAllDatabaseChangesOnStartup()
        {
            Services.AddHostedService<Migrating>();
            return this;
        }

        /// <summary>Sessions from the container track nothing, as they do here anyway.</summary>
        public MartenConfigurationExpression UseLightweightSessions() => this;

        /// <summary>The store uses the container's data source.</summary>
        public MartenConfigurationExpression UseNpgsqlDataSource(object? serviceKey = null)
        {
            Services.ConfigureMarten((provider, options) => options.Connection(
                serviceKey is null ? provider.GetRequiredService<NpgsqlDataSource>()
                    : provider.GetRequiredKeyedService<NpgsqlDataSource>(serviceKey)));

            return this;
        }
    }
}
