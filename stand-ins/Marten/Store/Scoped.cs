using JasperFx.Events;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten.Events.Projections;
using Marten.Subscriptions;
using Microsoft.Extensions.DependencyInjection;

namespace Marten;

/// <summary>Makes the projection anew, with its services, whenever there is something for it.</summary>
internal sealed class ScopedProjection<T>(IServiceProvider services) : IProjection
    where T : class, IProjection
{
    public async Task ApplyAsync(
        IDocumentOperations operations, IReadOnlyList<IEvent> events, CancellationToken cancellation)
    {
        await using var scope = services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<T>().ApplyAsync(operations, events, cancellation);
    }
}

/// <summary>Makes the subscription anew, with its services, for each page.</summary>
internal sealed class ScopedSubscription<T> : SubscriptionBase
    where T : class, ISubscription
{
    private readonly IServiceProvider services;

    private ScopedSubscription(IServiceProvider services) => this.services = services;

    public static ScopedSubscription<T> Named(IServiceProvider services)
    {
        var made = new ScopedSubscription<T>(services) { Name = typeof(T).Name };
        using var scope = services.CreateScope();
        if (scope.ServiceProvider.GetRequiredService<T>() is not SubscriptionBase own) return made;

        (made.Name, made.Version) = (own.Name, own.Version);
        made.IncludedEventTypes.AddRange(own.IncludedEventTypes);
        made.Options.BatchSize = own.Options.BatchSize;

        return made;
    }

    public override async Task<IChangeListener> ProcessEventsAsync(
        EventRange page, ISubscriptionController controller, IDocumentOperations operations,
        CancellationToken cancellationToken)
    {
        await using var scope = services.CreateAsyncScope();

        return await scope.ServiceProvider.GetRequiredService<T>()
            .ProcessEventsAsync(page, controller, operations, cancellationToken);
    }
}
