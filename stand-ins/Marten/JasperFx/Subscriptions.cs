using JasperFx.Events.Projections;

namespace JasperFx.Events.Subscriptions
{
    /// <summary>How a subscription is registered.</summary>
    public interface ISubscriptionOptions
    {
        /// <summary>Its progress is kept under this name; the type's name if nothing is said.</summary>
        string Name { get; set; }

        /// <summary>Another version is another progress.</summary>
        uint Version { get; set; }

        AsyncOptions Options { get; }

        /// <summary>With a first call, only the types named are read.</summary>
        void IncludeType<T>();

        void IncludeType(Type type);
    }
}

namespace JasperFx.Events.Daemon
{
    /// <summary>An event that a shard passed over, as it is kept in <c>mt_doc_deadletterevent</c>.</summary>
    public class DeadLetterEvent
    {
        public Guid Id { get; set; }
        public long EventSequence { get; set; }
        public string ProjectionName { get; set; } = "";
        public string ShardName { get; set; } = "";
        public DateTimeOffset Timestamp { get; set; }
        public string ExceptionType { get; set; } = "";
        public string ExceptionMessage { get; set; } = "";
    }
}
