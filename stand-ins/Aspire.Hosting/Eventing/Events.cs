using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;

namespace Aspire.Hosting.Eventing
{
    public interface IDistributedApplicationEvent;

    public interface IDistributedApplicationResourceEvent : IDistributedApplicationEvent
    {
        IResource Resource { get; }
    }

    public sealed class DistributedApplicationEventSubscription(
        Func<IDistributedApplicationEvent, CancellationToken, Task> callback)
    {
        public Func<IDistributedApplicationEvent, CancellationToken, Task> Callback { get; } = callback;
    }

    /// <summary>Steps in an application's life that code may wait in.</summary>
    public interface IDistributedApplicationEventing
    {
        DistributedApplicationEventSubscription Subscribe<T>(Func<T, CancellationToken, Task> callback)
            where T : IDistributedApplicationEvent;

        DistributedApplicationEventSubscription Subscribe<T>(
            IResource resource, Func<T, CancellationToken, Task> callback)
            where T : IDistributedApplicationResourceEvent;

        void Unsubscribe(DistributedApplicationEventSubscription subscription);

        /// <summary>Calls the subscribers one after the other.</summary>
        Task PublishAsync<T>(T @event, CancellationToken cancellationToken = default)
            where T : IDistributedApplicationEvent;
    }

    internal sealed class DistributedApplicationEventing : IDistributedApplicationEventing
    {
        private readonly Lock _lock = new();
        private readonly List<(Type Event, DistributedApplicationEventSubscription Subscription)> _subscriptions = [];

        public DistributedApplicationEventSubscription Subscribe<T>(Func<T, CancellationToken, Task> callback)
            where T : IDistributedApplicationEvent
        {
            var subscription = new DistributedApplicationEventSubscription(
                (happened, cancellation) => callback((T)happened, cancellation));
            lock (_lock) _subscriptions.Add((typeof(T), subscription));

            return subscription;
        }

        public DistributedApplicationEventSubscription Subscribe<T>(
            IResource resource, Func<T, CancellationToken, Task> callback)
            where T : IDistributedApplicationResourceEvent =>
            Subscribe<T>((happened, cancellation) =>
                happened.Resource == resource ? callback(happened, cancellation) : Task.CompletedTask);

        public void Unsubscribe(DistributedApplicationEventSubscription subscription)
        {
            lock (_lock) _subscriptions.RemoveAll(each => each.Subscription == subscription);
        }

        public async Task PublishAsync<T>(T @event, CancellationToken cancellationToken = default)
            where T : IDistributedApplicationEvent
        {
            DistributedApplicationEventSubscription[] subscribers;
            lock (_lock)
            {
                subscribers = [.. _subscriptions.Where(each => each.Event == typeof(T)).Select(each => each.Subscription)];
            }

            foreach (var subscriber in subscribers) await subscriber.Callback(@event, cancellationToken);
        }
    }
}

namespace Aspire.Hosting.ApplicationModel
{
    /// <summary>Before anything is started; the model may still change.</summary>
    public class BeforeStartEvent(IServiceProvider services, DistributedApplicationModel model)
        : IDistributedApplicationEvent
    {
        public IServiceProvider Services { get; } = services;
        public DistributedApplicationModel Model { get; } = model;
    }

    /// <summary>Every endpoint has its port.</summary>
    public class AfterEndpointsAllocatedEvent(IServiceProvider services, DistributedApplicationModel model)
        : IDistributedApplicationEvent
    {
        public IServiceProvider Services { get; } = services;
        public DistributedApplicationModel Model { get; } = model;
    }

    /// <summary>Every resource is being started or waits for others.</summary>
    public class AfterResourcesCreatedEvent(IServiceProvider services, DistributedApplicationModel model)
        : IDistributedApplicationEvent
    {
        public IServiceProvider Services { get; } = services;
        public DistributedApplicationModel Model { get; } = model;
    }

    public class ResourceEndpointsAllocatedEvent(IResource resource, IServiceProvider services)
        : IDistributedApplicationResourceEvent
    {
        public IResource Resource { get; } = resource;
        public IServiceProvider Services { get; } = services;
    }

    /// <summary>The resource's connection string can be asked for.</summary>
    public class ConnectionStringAvailableEvent(IResource resource, IServiceProvider services)
        : IDistributedApplicationResourceEvent
    {
        public IResource Resource { get; } = resource;
        public IServiceProvider Services { get; } = services;
    }

    /// <summary>
    /// What the resource waits for is there; its variables and arguments are asked for next.
    /// </summary>
    public class BeforeResourceStartedEvent(IResource resource, IServiceProvider services)
        : IDistributedApplicationResourceEvent
    {
        public IResource Resource { get; } = resource;
        public IServiceProvider Services { get; } = services;
    }

    /// <summary>The resource became healthy, for the first time since it was started.</summary>
    public class ResourceReadyEvent(IResource resource, IServiceProvider services)
        : IDistributedApplicationResourceEvent
    {
        public IResource Resource { get; } = resource;
        public IServiceProvider Services { get; } = services;
    }

    public class ResourceStoppedEvent(IResource resource, IServiceProvider services, ResourceEvent resourceEvent)
        : IDistributedApplicationResourceEvent
    {
        public IResource Resource { get; } = resource;
        public IServiceProvider Services { get; } = services;
        public ResourceEvent ResourceEvent { get; } = resourceEvent;
    }

    /// <summary>
    /// A resource of a kind that the application host does not start itself may begin its life.
    /// </summary>
    public class InitializeResourceEvent(
        IResource resource, IDistributedApplicationEventing eventing,
        Microsoft.Extensions.Logging.ILogger logger, ResourceNotificationService notifications,
        IServiceProvider services) : IDistributedApplicationResourceEvent
    {
        public IResource Resource { get; } = resource;
        public IDistributedApplicationEventing Eventing { get; } = eventing;
        public Microsoft.Extensions.Logging.ILogger Logger { get; } = logger;
        public ResourceNotificationService Notifications { get; } = notifications;
        public IServiceProvider Services { get; } = services;
    }
}

namespace Aspire.Hosting
{
    public static class DistributedApplicationEventingExtensions
    {
        public static T OnBeforeStart<T>(this T builder, Func<BeforeStartEvent, CancellationToken, Task> callback)
            where T : IDistributedApplicationBuilder
        {
            builder.Eventing.Subscribe(callback);
            return builder;
        }

        public static IResourceBuilder<T> OnBeforeResourceStarted<T>(
            this IResourceBuilder<T> builder, Func<T, BeforeResourceStartedEvent, CancellationToken, Task> callback)
            where T : IResource => builder.On(callback);

        public static IResourceBuilder<T> OnResourceReady<T>(
            this IResourceBuilder<T> builder, Func<T, ResourceReadyEvent, CancellationToken, Task> callback)
            where T : IResource => builder.On(callback);

        public static IResourceBuilder<T> OnResourceStopped<T>(
            this IResourceBuilder<T> builder, Func<T, ResourceStoppedEvent, CancellationToken, Task> callback)
            where T : IResource => builder.On(callback);

        public static IResourceBuilder<T> OnInitializeResource<T>(
            this IResourceBuilder<T> builder, Func<T, InitializeResourceEvent, CancellationToken, Task> callback)
            where T : IResource => builder.On(callback);

        public static IResourceBuilder<T> OnConnectionStringAvailable<T>(
            this IResourceBuilder<T> builder,
            Func<T, ConnectionStringAvailableEvent, CancellationToken, Task> callback)
            where T : IResourceWithConnectionString => builder.On(callback);

        public static IResourceBuilder<T> OnResourceEndpointsAllocated<T>(
            this IResourceBuilder<T> builder,
            Func<T, ResourceEndpointsAllocatedEvent, CancellationToken, Task> callback)
            where T : IResourceWithEndpoints => builder.On(callback);

        private static IResourceBuilder<T> On<T, TEvent>(
            this IResourceBuilder<T> builder, Func<T, TEvent, CancellationToken, Task> callback)
            where T : IResource
            where TEvent : IDistributedApplicationResourceEvent
        {
            builder.ApplicationBuilder.Eventing.Subscribe<TEvent>(
                builder.Resource, (happened, cancellation) => callback(builder.Resource, happened, cancellation));
            return builder;
        }
    }
}
