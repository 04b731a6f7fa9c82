using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using JasperFx.Events.Subscriptions;
using Marten.Subscriptions;

namespace Marten.Subscriptions
{
    /// <summary>Is given every event in order, page by page, at least once.</summary>
    public interface ISubscription
    {
        /// <param name="operations">What is stored or queued here is committed with the progress.</param>
        /// <returns>Is told around that commit; <see cref="NullChangeListener"/> when nobody cares.</returns>
        Task<IChangeListener> ProcessEventsAsync(
            EventRange page, ISubscriptionController controller, IDocumentOperations operations,
            CancellationToken cancellationToken);
    }

    /// <summary>A subscription that brings its own options.</summary>
    public abstract class SubscriptionBase : ProjectionBase, ISubscription, ISubscriptionOptions
    {
        public abstract Task<IChangeListener> ProcessEventsAsync(
            EventRange page, ISubscriptionController controller, IDocumentOperations operations,
            CancellationToken cancellationToken);
    }
}

namespace Marten.Events.Projections
{
    /// <summary>Writes what events mean: with the transaction that appends, or page by page.</summary>
    public interface IProjection : IJasperFxProjection<IDocumentOperations>;

    /// <summary>Every projection and subscription of a store, and how the daemon runs them.</summary>
    public class ProjectionOptions : DaemonSettings
    {
        private readonly StoreOptions options;

        internal ProjectionOptions(StoreOptions options) => this.options = options;

        /// <summary>In continuous runs.</summary>
        public ErrorHandlingOptions Errors { get; } = new()
        {
            SkipApplyErrors = true,
            SkipSerializationErrors = true,
            SkipUnknownEvents = true,
        };

        public ErrorHandlingOptions RebuildErrors { get; } = new();

        /// <summary>Are told around every commit of a continuous run, not of rebuilds.</summary>
        public IList<IChangeListener> AsyncListeners { get; } = [];

        internal List<Source> Sources { get; } = [];

        /// <summary>Under the name given, else its own <see cref="ProjectionBase.Name"/> or type.</summary>
        public void Add(
            IProjection projection, ProjectionLifecycle lifecycle, string? projectionName = null,
            Action<AsyncOptions>? asyncConfiguration = null)
        {
            var settings = projection as ProjectionBase ?? new Settings(projection.GetType().Name);
            if (projectionName is not null) settings.Name = projectionName;
            settings.Lifecycle = lifecycle;
            asyncConfiguration?.Invoke(settings.Options);
            Add(new Source(settings, projection, null, projection.GetType()));
        }

        public void Add<T>(ProjectionLifecycle lifecycle, Action<AsyncOptions>? asyncConfiguration = null)
            where T : ProjectionBase, IProjection, new() => Add(new T(), lifecycle, null, asyncConfiguration);

        /// <summary>Keeps the aggregate as a document, by its own Create and Apply methods.</summary>
        public void Snapshot<T>(SnapshotLifecycle lifecycle, Action<AsyncOptions>? asyncConfiguration = null)
            where T : class
        {
            var live = lifecycle == SnapshotLifecycle.Inline
                ? ProjectionLifecycle.Inline : ProjectionLifecycle.Async;
            var projection = new Aggregation.SnapshotProjection<T>();
            Add(projection, live, typeof(T).Name, asyncConfiguration);
        }

        public void Subscribe(ISubscription subscription, Action<ISubscriptionOptions>? configure = null)
        {
            var settings = subscription as ProjectionBase ?? new Settings(subscription.GetType().Name);
            configure?.Invoke((ISubscriptionOptions)settings);
            settings.Lifecycle = ProjectionLifecycle.Async;
            Add(new Source(settings, null, subscription, subscription.GetType()));
        }

        internal Aggregation.IAggregator<T>? AggregatorOf<T>() =>
            Sources.Select(source => source.Projection).OfType<Aggregation.IAggregator<T>>().FirstOrDefault();

        private void Add(Source source)
        {
            if (Sources.Any(other => other.Shard.Equals(source.Shard)))
                throw new ArgumentException($"There is a projection or subscription {source.Shard} already.");

            if (source.Projection is Aggregation.IStoresDocuments stores)
                options.Schema.Add(stores.DocumentType);
            Sources.Add(source);
        }

        internal sealed record Source(
            ProjectionBase Settings, IProjection? Projection, ISubscription? Subscription, Type Type)
        {
            public ShardName Shard => new(Settings.Name, ShardName.All, Settings.Version);
        }

        private sealed class Settings : ProjectionBase, ISubscriptionOptions
        {
            public Settings(string name) => Name = name;
        }
    }
}
