namespace Wolverine.Persistence.Durability
{
    /// <summary>Where messages are stored.</summary>
    public interface IMessageStore
    {
        IMessageStoreAdmin Admin { get; }
    }

    public interface IMessageStoreAdmin
    {
        /// <summary>Makes the tables that are missing. The role must be allowed to.</summary>
        Task MigrateAsync();

        /// <summary>Drops the tables and everything in them, and makes them again.</summary>
        Task RebuildAsync();

        /// <summary>Forgets every stored message.</summary>
        Task ClearAllAsync();
    }

    /// <summary>A transaction that messages are written in, so that they are kept or lost with it.</summary>
    public interface IEnvelopeTransaction
    {
        internal Task Persist(Envelope envelope, CancellationToken cancellation);
    }
}

namespace Wolverine.Runtime.Persistence
{
    using Wolverine.Persistence.Durability;

    /// <summary>Makes a handler one transaction of the storage in use.</summary>
    internal interface IHandlerTransactions
    {
        /// <summary>Handlers may ask for it, although a lambda makes it.</summary>
        bool Provides(Type service);

        /// <summary>A handler that asks for it can be one transaction of this storage.</summary>
        bool IsSession(Type service);

        IHandlerTransaction Begin(IServiceProvider services, MessageContext context);
    }

    internal interface IHandlerTransaction
    {
        /// <summary>
        /// Commits, together with "handled" where the message is stored and owned by that node, and
        /// releases what was sent.
        /// </summary>
        Task Commit(int owner, DateTimeOffset keepUntil, CancellationToken cancellation);
    }

    /// <summary>A row of the inbox.</summary>
    internal sealed record StoredEnvelope(
        Guid Id, string MessageType, string Queue, byte[] Body, int Attempts, DateTimeOffset? ScheduledTime);

    /// <summary>What stores messages, for several processes at once.</summary>
    internal abstract class DurableStore : IMessageStore
    {
        public abstract IMessageStoreAdmin Admin { get; }

        /// <summary>The number of the new node.</summary>
        public abstract Task<int> Register(NodeInfo node, bool alone, CancellationToken cancellation);

        /// <summary>False when others have declared this node dead.</summary>
        public abstract Task<bool> SayAlive(Guid node, CancellationToken cancellation);

        /// <summary>
        /// Removes other nodes that were silent for too long; frees what nobody living owns.
        /// </summary>
        public abstract Task<int> FreeOrphans(Guid self, TimeSpan stale, CancellationToken cancellation);

        /// <summary>Frees what the node owns, and forgets the node.</summary>
        public abstract Task Deregister(Guid node, int owner, CancellationToken cancellation);

        /// <summary>In one transaction of its own.</summary>
        public abstract Task Store(IReadOnlyList<Envelope> envelopes, CancellationToken cancellation);

        /// <summary>Marks as handled what that node still owns.</summary>
        public abstract Task MarkHandled(
            IReadOnlyList<Guid> ids, int owner, DateTimeOffset keepUntil, CancellationToken cancellation);

        /// <summary>Marks one as handled, and stores what it sent. False when it is not ours now.</summary>
        public abstract Task<bool> Complete(
            Guid id, int owner, DateTimeOffset keepUntil, IReadOnlyList<Envelope> sent,
            CancellationToken cancellation);

        public abstract Task Reschedule(
            Guid id, int owner, int attempts, DateTimeOffset at, CancellationToken cancellation);

        public abstract Task MoveToDeadLetters(
            Envelope envelope, int owner, Exception failure, CancellationToken cancellation);

        /// <summary>Takes scheduled messages whose time has come, each for one node.</summary>
        public abstract Task<IReadOnlyList<StoredEnvelope>> TakeDue(
            DateTimeOffset now, IReadOnlyList<string> queues, int owner, int limit,
            CancellationToken cancellation);

        /// <summary>The queues that have messages without an owner.</summary>
        public abstract Task<IReadOnlyList<string>> QueuesWithWork(CancellationToken cancellation);

        public abstract Task<IReadOnlyList<StoredEnvelope>> TakeFree(
            string queue, int owner, int limit, CancellationToken cancellation);

        /// <summary>Which of these are committed, unhandled and that node's.</summary>
        public abstract Task<IReadOnlySet<Guid>> StillOwned(
            IReadOnlyList<Guid> ids, int owner, CancellationToken cancellation);

        /// <summary>All that are committed, unhandled and that node's.</summary>
        public abstract Task<IReadOnlyList<Guid>> OwnedBy(int owner, CancellationToken cancellation);

        /// <summary>Gives up what that node still owns.</summary>
        public abstract Task Free(IReadOnlyList<Guid> ids, int owner, CancellationToken cancellation);

        /// <summary>Brings back dead letters that somebody has marked as replayable.</summary>
        public abstract Task<int> Replay(int limit, CancellationToken cancellation);

        public abstract Task<int> ForgetHandled(
            DateTimeOffset now, int limit, CancellationToken cancellation);
    }

    internal sealed record NodeInfo(Guid Id, string Service, string? Version);

    /// <summary>The message belongs to another node now, which handles it.</summary>
    internal sealed class NotOurMessageException(Guid id)
        : InvalidOperationException($"The message {id} is another node's by now.");

    /// <summary>Stores nothing.</summary>
    internal sealed class NullMessageStore : IMessageStore, IMessageStoreAdmin
    {
        public IMessageStoreAdmin Admin => this;

        public Task MigrateAsync() => Task.CompletedTask;

        public Task RebuildAsync() => Task.CompletedTask;

        public Task ClearAllAsync() => Task.CompletedTask;
    }
}
