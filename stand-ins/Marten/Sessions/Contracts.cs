using System.Data;
using JasperFx.Events;
using Npgsql;

namespace Marten
{
    using Marten.Services;

    /// <summary>Reads. A connection is held only while something is read, until it is asked for.</summary>
    public interface IQuerySession : IDisposable, IAsyncDisposable
    {
        IDocumentStore DocumentStore { get; }
        Events.IQueryEventStore Events { get; }

        /// <summary>The session's connection, opened, and from now on kept.</summary>
        NpgsqlConnection Connection { get; }

        string? CausationId { get; set; }
        string? CorrelationId { get; set; }
        string TenantId { get; }

        Task<T?> LoadAsync<T>(string id, CancellationToken token = default)
            where T : notnull;

        Task<T?> LoadAsync<T>(Guid id, CancellationToken token = default)
            where T : notnull;

        Task<IReadOnlyList<T>> LoadManyAsync<T>(params string[] ids)
            where T : notnull;

        Task<IReadOnlyList<T>> LoadManyAsync<T>(CancellationToken token, params string[] ids)
            where T : notnull;

        Task<IReadOnlyList<T>> LoadManyAsync<T>(CancellationToken token, IEnumerable<string> ids)
            where T : notnull;
    }

    /// <summary>Collects changes. They are written when the owner of the session saves.</summary>
    public interface IDocumentOperations : IQuerySession
    {
        new Events.IEventStoreOperations Events { get; }

        /// <summary>Inserts or overwrites, by id.</summary>
        void Store<T>(IEnumerable<T> entities)
            where T : notnull;

        void Store<T>(params T[] entities)
            where T : notnull;

        void Delete<T>(T entity)
            where T : notnull;

        void Delete<T>(string id)
            where T : notnull;

        void Delete<T>(Guid id)
            where T : notnull;

        /// <summary>SQL for the same transaction, after the appends and in the order of the calls; each
        /// <c>?</c> takes a parameter.</summary>
        void QueueSqlCommand(string sql, params object[] parameterValues);

        void QueueSqlCommand(char placeholder, string sql, params object[] parameterValues);
    }

    /// <summary>A unit of work.</summary>
    public interface IDocumentSession : IDocumentOperations
    {
        IList<IDocumentSessionListener> Listeners { get; }
        string? LastModifiedBy { get; set; }

        /// <summary>For every event of this session.</summary>
        void SetHeader(string key, object value);

        object? GetHeader(string key);

        /// <summary>From here to the save, all of this session is one transaction, reads too.</summary>
        ValueTask BeginTransactionAsync(CancellationToken token);

        /// <summary>Writes and commits what is pending. With nothing pending it does nothing at all: a
        /// transaction that was begun is not committed.</summary>
        Task SaveChangesAsync(CancellationToken token = default);

        void EjectAllPendingChanges();
    }

    public interface ISessionFactory
    {
        IQuerySession QuerySession();
        IDocumentSession OpenSession();
    }

    /// <summary>Is told around the commit of a daemon's page.</summary>
    public interface IChangeListener
    {
        /// <summary>The transaction is written, not committed.</summary>
        Task BeforeCommitAsync(IDocumentSession session, IChangeSet commit, CancellationToken token);

        Task AfterCommitAsync(IDocumentSession session, IChangeSet commit, CancellationToken token);
    }

    /// <summary>Does nothing.</summary>
    public sealed class NullChangeListener : IChangeListener
    {
        private NullChangeListener()
        {
        }

        public static IChangeListener Instance { get; } = new NullChangeListener();

        public Task BeforeCommitAsync(IDocumentSession session, IChangeSet commit, CancellationToken token) =>
            Task.CompletedTask;

        public Task AfterCommitAsync(IDocumentSession session, IChangeSet commit, CancellationToken token) =>
            Task.CompletedTask;
    }

    /// <summary>Is told around the commit of a session.</summary>
    public interface IDocumentSessionListener : IChangeListener
    {
        /// <summary>Nothing is written yet, and the session takes more.</summary>
        Task BeforeSaveChangesAsync(IDocumentSession session, CancellationToken token);
    }

    public abstract class DocumentSessionListenerBase : IDocumentSessionListener
    {
        public virtual Task BeforeSaveChangesAsync(IDocumentSession session, CancellationToken token) =>
            Task.CompletedTask;

        public virtual Task BeforeCommitAsync(
            IDocumentSession session, IChangeSet commit, CancellationToken token) => Task.CompletedTask;

        public virtual Task AfterCommitAsync(
            IDocumentSession session, IChangeSet commit, CancellationToken token) => Task.CompletedTask;
    }
}

namespace Marten.Events
{
    public interface IQueryEventStore : JasperFx.Events.IQueryEventStore;

    public interface IEventStoreOperations : JasperFx.Events.IEventStoreOperations, IQueryEventStore;
}

namespace Marten.Services
{
    /// <summary>What one save wrote.</summary>
    public interface IChangeSet
    {
        IEnumerable<object> Updated { get; }
        IEnumerable<object> Deleted { get; }
        IEnumerable<IEvent> GetEvents();
        IEnumerable<StreamAction> GetStreams();
    }

    /// <summary>Which connection a session uses, and whose transaction.</summary>
    public class SessionOptions
    {
        public NpgsqlConnection? Connection { get; private init; }
        public NpgsqlTransaction? Transaction { get; private init; }
        public IList<IDocumentSessionListener> Listeners { get; } = [];
        public IsolationLevel IsolationLevel { get; set; } = IsolationLevel.ReadCommitted;

        /// <summary>Seconds for a command.</summary>
        public int? Timeout { get; set; }

        /// <summary>Whether the session begins and ends its transaction itself.</summary>
        public bool OwnsTransactionLifecycle { get; private init; } = true;

        /// <summary>Writes into the caller's transaction, which the caller commits.</summary>
        public static SessionOptions ForTransaction(
            NpgsqlTransaction transaction, bool shouldAutoCommit = false) => new()
            {
                Transaction = transaction,
                Connection = transaction.Connection,
                OwnsTransactionLifecycle = shouldAutoCommit,
            };

        /// <summary>The caller's connection, the session's transactions.</summary>
        public static SessionOptions ForConnection(NpgsqlConnection connection) =>
            new() { Connection = connection };

        public SessionOptions ListenAt(IDocumentSessionListener listener)
        {
            Listeners.Add(listener);
            return this;
        }
    }
}
