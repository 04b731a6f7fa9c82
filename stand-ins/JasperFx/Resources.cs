using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace JasperFx.Resources;

/// <summary>Something outside the process that must be there first: tables, for example.</summary>
public interface IStatefulResource
{
    /// <summary>A kind.</summary>
    string Type { get; }

    string Name { get; }

    /// <summary>Makes what is missing. May be called any number of times.</summary>
    Task Setup(CancellationToken token);

    /// <summary>Keeps the resource, forgets what is in it.</summary>
    Task ClearState(CancellationToken token);
}

public static class ResourceHostExtensions
{
    /// <summary>Makes every resource that the host's services know of. The host need not run.</summary>
    public static async Task SetupResources(this IHost host, CancellationToken cancellation = default)
    {
        foreach (var resource in host.Services.GetServices<IStatefulResource>())
            await resource.Setup(cancellation);
    }

    /// <summary>Makes what is missing, and forgets what is in it.</summary>
    public static async Task ResetResourceState(
        this IHost host, CancellationToken cancellation = default)
    {
        foreach (var resource in host.Services.GetServices<IStatefulResource>())
        {
            await resource.Setup(cancellation);
            await resource.ClearState(cancellation);
        }
    }
}
