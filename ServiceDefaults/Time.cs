using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Billing.ServiceDefaults;

/// <summary>
/// The only place that touches the system clock and makes new ids. A test registers its own first.
/// </summary>
public static class Time
{
    /// <param name="configuration">May ask for a <see cref="SettableClock"/>.</param>
    public static IServiceCollection AddTime(
        this IServiceCollection services, IConfiguration? configuration = null)
    {
#pragma warning disable RS0030 // This is the composition that the ban points to.
        var system = TimeProvider.System;
#pragma warning restore RS0030
        services.TryAddSingleton(
            configuration is not null && SettableClock.IsAskedFor(configuration)
                ? new SettableClock(system)
                : system);
        services.TryAddSingleton<NewId>(provider =>
        {
            var time = provider.GetRequiredService<TimeProvider>();
#pragma warning disable RS0030
            return () => Guid.CreateVersion7(time.GetUtcNow());
#pragma warning restore RS0030
        });
        return services;
    }
}

/// <summary>A new id for something that begins here; those of one process sort by time.</summary>
public delegate Guid NewId();
