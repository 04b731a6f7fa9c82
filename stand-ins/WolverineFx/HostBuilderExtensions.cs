using System.Reflection;
using System.Runtime.CompilerServices;
using JasperFx.Resources;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Wolverine.Persistence.Durability;
using Wolverine.Runtime;
using Wolverine.Runtime.Persistence;

namespace Wolverine;

public static class HostBuilderExtensions
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static IHostBuilder UseWolverine(
        this IHostBuilder builder, Action<WolverineOptions>? overrides = null)
    {
        var caller = Assembly.GetCallingAssembly();
        return builder.ConfigureServices((_, services) => Add(services, overrides, caller));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static IHostApplicationBuilder UseWolverine(
        this IHostApplicationBuilder builder, Action<WolverineOptions>? configure = null)
    {
        Add(builder.Services, configure, Assembly.GetCallingAssembly());
        return builder;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static IServiceCollection AddWolverine(
        this IServiceCollection services, Action<WolverineOptions> configure) =>
        Add(services, configure, Assembly.GetCallingAssembly());

    /// <summary>Configures when the host starts, with what the container gives it.</summary>
    public static IServiceCollection AddWolverineExtension<T>(this IServiceCollection services)
        where T : class, IWolverineExtension => services.AddSingleton<IWolverineExtension, T>();

    public static IServiceCollection ConfigureWolverine(
        this IServiceCollection services, Action<WolverineOptions> configure) =>
        services.AddSingleton<IWolverineExtension>(new Lambda(configure));

    /// <summary>A bus of its own unit of work.</summary>
    public static IMessageBus MessageBus(this IHost host) =>
        new MessageContext(host.Services.GetRequiredService<IWolverineRuntime>());

    public static Task InvokeAsync<T>(this IHost host, T command) =>
        host.MessageBus().InvokeAsync(command!);

    public static ValueTask SendAsync<T>(this IHost host, T message, DeliveryOptions? options = null) =>
        host.MessageBus().SendAsync(message, options);

    private static IServiceCollection Add(
        IServiceCollection services, Action<WolverineOptions>? configure, Assembly application)
    {
        if (services.Any(service => service.ServiceType == typeof(WolverineRuntime)))
            throw new InvalidOperationException(
                "Wolverine is added already; ConfigureWolverine adds to that.");

        var options = new WolverineOptions(application, services);
        configure?.Invoke(options);
        services.AddLogging();
        services.AddSingleton(provider =>
        {
            foreach (var extension in provider.GetServices<IWolverineExtension>())
                extension.Configure(options);

            return options;
        });
        services.AddSingleton(provider => Storage(provider, provider.GetRequiredService<WolverineOptions>()));
        services.AddSingleton<WolverineRuntime>();
        services.AddSingleton<IWolverineRuntime>(provider => provider.GetRequiredService<WolverineRuntime>());
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<WolverineRuntime>());
        services.AddSingleton<IStatefulResource, MessageStoreResource>();
        services.TryAddScoped<MessageContext>();
        services.TryAddScoped<IMessageContext>(provider => provider.GetRequiredService<MessageContext>());
        services.TryAddScoped<IMessageBus>(provider => provider.GetRequiredService<MessageContext>());

        return services;
    }

    private static IMessageStore Storage(IServiceProvider services, WolverineOptions options) =>
        options.Storage?.Invoke(services, options) ?? new NullMessageStore();

    private sealed class Lambda(Action<WolverineOptions> configure) : IWolverineExtension
    {
        public void Configure(WolverineOptions options) => configure(options);
    }

    private sealed class MessageStoreResource(IMessageStore store) : IStatefulResource
    {
        public string Type => "WolverineEnvelopeStorage";
        public string Name => store.GetType().Name;

        public Task Setup(CancellationToken token) => store.Admin.MigrateAsync();

        public Task ClearState(CancellationToken token) => store.Admin.ClearAllAsync();
    }
}
