using System.Reflection;
using Wolverine.Transports.Local;

namespace Wolverine.Configuration
{
    public interface IListenerConfiguration<out T>
    {
        /// <summary>One message at a time, in the order in which they were sent.</summary>
        T Sequential();

        /// <summary>So many messages at a time; the default is the number of processors. Unordered.</summary>
        T MaximumParallelMessages(int maximumParallelHandlers);

        /// <summary>Every message is stored until it is handled.</summary>
        T UseDurableInbox();

        /// <summary>Messages are lost with the process.</summary>
        T BufferedInMemory();
    }

    public interface IListenerConfiguration : IListenerConfiguration<IListenerConfiguration>;

    public interface IPublishToExpression
    {
        LocalQueueConfiguration ToLocalQueue(string queueName);
    }

    /// <summary>Where messages of some types go.</summary>
    public class PublishingExpression : IPublishToExpression
    {
        private readonly WolverineOptions options;
        private readonly List<Type> types = [];

        internal PublishingExpression(WolverineOptions options) => this.options = options;

        public PublishingExpression Message<T>() => Message(typeof(T));

        public PublishingExpression Message(Type type)
        {
            types.Add(type);
            return this;
        }

        public LocalQueueConfiguration ToLocalQueue(string queueName)
        {
            foreach (var type in types) options.AddRoute(type, queueName);
            return options.LocalQueue(queueName);
        }
    }

    /// <summary>Which classes handle messages.</summary>
    public class HandlerDiscovery
    {
        internal HashSet<Assembly> More { get; } = [];
        internal HashSet<Type> Types { get; } = [];
        internal bool ByConvention { get; private set; } = true;

        public HandlerDiscovery IncludeAssembly(Assembly assembly)
        {
            More.Add(assembly);
            return this;
        }

        public HandlerDiscovery IncludeType<T>() => IncludeType(typeof(T));

        public HandlerDiscovery IncludeType(Type type)
        {
            Types.Add(type);
            return this;
        }

        /// <summary>Only types that are included by name.</summary>
        public HandlerDiscovery DisableConventionalDiscovery(bool value = true)
        {
            ByConvention = !value;
            return this;
        }
    }
}

namespace Wolverine.Transports.Local
{
    using Wolverine.Configuration;

    /// <summary>One queue within the process.</summary>
    public sealed class LocalQueueConfiguration : IListenerConfiguration<LocalQueueConfiguration>
    {
        internal List<Action<LocalQueueSettings>> Changes { get; } = [];

        public LocalQueueConfiguration Sequential() => With(queue => queue.Parallel = 1);

        public LocalQueueConfiguration MaximumParallelMessages(int maximumParallelHandlers) =>
            With(queue => queue.Parallel = LocalQueueSettings.Positive(maximumParallelHandlers));

        public LocalQueueConfiguration UseDurableInbox() => With(queue => queue.Durable = true);

        public LocalQueueConfiguration BufferedInMemory() => With(queue => queue.Durable = false);

        private LocalQueueConfiguration With(Action<LocalQueueSettings> change)
        {
            Changes.Add(change);
            return this;
        }
    }

    internal sealed class LocalQueueSettings : IListenerConfiguration
    {
        public bool Durable { get; set; }
        public int Parallel { get; set; } = Environment.ProcessorCount;

        public IListenerConfiguration Sequential() => MaximumParallelMessages(1);

        public IListenerConfiguration MaximumParallelMessages(int maximumParallelHandlers)
        {
            Parallel = Positive(maximumParallelHandlers);
            return this;
        }

        public IListenerConfiguration UseDurableInbox()
        {
            Durable = true;
            return this;
        }

        public IListenerConfiguration BufferedInMemory()
        {
            Durable = false;
            return this;
        }

        public static int Positive(int parallel)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(parallel, 1);
            return parallel;
        }
    }
}
