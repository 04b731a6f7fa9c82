using System.Collections.Concurrent;
using Wolverine.Runtime.Handlers;

namespace Wolverine.Runtime.Routing
{
    /// <summary>A message was sent that nobody wants.</summary>
    public sealed class IndeterminateRoutesException(Type messageType)
        : InvalidOperationException(
            $"Nobody handles {messageType.FullName}, and no rule says where it goes.");
}

namespace Wolverine.Runtime
{
    using Wolverine.Runtime.Routing;

    /// <summary>Which queues there are, and which a message goes to.</summary>
    internal sealed class Router(
        WolverineOptions options, HandlerGraph handlers, Func<string, LocalQueue> make)
    {
        private readonly ConcurrentDictionary<string, Lazy<LocalQueue>> queues =
            new(StringComparer.OrdinalIgnoreCase);

        public IEnumerable<LocalQueue> Queues => queues.Values.Select(queue => queue.Value);

        /// <exception cref="IndeterminateRoutesException">There is none, and there must be.</exception>
        public IEnumerable<LocalQueue> QueuesFor(Type messageType, bool mustArrive)
        {
            var named = options.RoutesOf(messageType);
            if (named.Count > 0) return named.Select(Queue);
            if (handlers.Find(messageType) is not null)
                return [Queue(options.ConventionalQueue(messageType))];

            return mustArrive ? throw new IndeterminateRoutesException(messageType) : [];
        }

        public LocalQueue Queue(string name) =>
            queues.GetOrAdd(name, key => new(() => make(key))).Value;

        /// <summary>Null for a queue that this version of the service does not know.</summary>
        public LocalQueue? Find(Uri uri) =>
            queues.TryGetValue(LocalQueue.NameOf(uri), out var queue) ? queue.Value : null;

        public void MakeAll()
        {
            foreach (var chain in handlers.Chains)
                foreach (var queue in QueuesFor(chain.MessageType, mustArrive: false).ToList())
                    _ = queue.Name;

            foreach (var name in options.NamedQueues.ToList()) Queue(name);
        }
    }
}
