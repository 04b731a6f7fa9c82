using System.Data;
using JasperFx;
using JasperFx.Events;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten.Events;
using Marten.Services;
using Microsoft.Extensions.Logging;

namespace Marten
{
    public interface IDocumentStore : IDisposable, IAsyncDisposable
    {
        IMartenStorage Storage { get; }
        AdvancedOperations Advanced { get; }
        IDocumentSession LightweightSession(IsolationLevel isolationLevel = IsolationLevel.ReadCommitted);
        IDocumentSession LightweightSession(SessionOptions options);
        IDocumentSession OpenSession(SessionOptions options);
        IQuerySession QuerySession();
        IQuerySession QuerySession(SessionOptions options);

        /// <summary>A daemon of one's own, which does nothing until it is told to.</summary>
        ValueTask<IProjectionDaemon> BuildProjectionDaemonAsync(
            string? tenantIdOrDatabaseIdentifier = null, ILogger? logger = null);

        /// <summary>Copies new streams in, for seeding: no check, no inline projection.</summary>
        Task BulkInsertEventsAsync(
            IReadOnlyList<StreamAction> streams, int batchSize = 1000,
            CancellationToken cancellation = default);
    }

    /// <summary>The store's part of the database.</summary>
    public interface IMartenStorage
    {
        /// <summary>Every statement that makes what the store needs; it may run twice.</summary>
        string ToDatabaseScript();

        Task WriteCreationScriptToFile(string filename);

        /// <summary>Makes what is missing; several may do so at once.</summary>
        /// <param name="overrideAutoCreate">Instead of the store's own setting, except that here
        /// <see cref="AutoCreate.None"/> as the store's setting makes it all the same.</param>
        Task ApplyAllConfiguredChangesToDatabaseAsync(AutoCreate? overrideAutoCreate = null);
    }

    /// <summary>What is asked of a store now and then.</summary>
    public class AdvancedOperations
    {
        private readonly DocumentStore store;

        internal AdvancedOperations(DocumentStore store) => this.store = store;

        /// <summary>How far every shard is, the high-water mark among them, as it is stored.</summary>
        public async Task<IReadOnlyList<ShardState>> AllProjectionProgress(
            string? tenantId = null, CancellationToken token = default)
        {
            await store.EnsureSchema(token);

            return await new AsyncDaemon.Progress(store.Parts).All(token);
        }

        /// <summary>0 when it never ran.</summary>
        public async Task<long> ProjectionProgressFor(
            ShardName name, string? tenantId = null, CancellationToken token = default)
        {
            await store.EnsureSchema(token);

            return await new AsyncDaemon.Progress(store.Parts).Of(name, token) ?? 0;
        }

        public async Task<EventStoreStatistics> FetchEventStoreStatistics(
            string? tenantId = null, CancellationToken token = default)
        {
            await store.EnsureSchema(token);
            var names = store.Parts.Names;
            await using var command = store.Parts.Options.DataSource!.CreateCommand(
                $"select (select count(*) from {names.Events}), (select count(*) from {names.Streams}),"
                + $" (select case when is_called then last_value else 0 end from {names.Sequence})");
            await using var row = await command.ExecuteReaderAsync(token);
            await row.ReadAsync(token);

            return new()
            {
                EventCount = row.GetInt64(0),
                StreamCount = row.GetInt64(1),
                EventSequenceNumber = row.GetInt64(2),
            };
        }
    }
}

namespace Marten.Events
{
    public class EventStoreStatistics
    {
        public long EventCount { get; set; }
        public long StreamCount { get; set; }

        /// <summary>The last number that was given out, committed or not.</summary>
        public long EventSequenceNumber { get; set; }
    }

    public static class TestingExtensions
    {
        /// <summary>Waits until every shard has come up to the last event that is committed now.</summary>
        /// <exception cref="TimeoutException">One has not.</exception>
        public static Task WaitForNonStaleProjectionDataAsync(this IDocumentStore store, TimeSpan timeout) =>
            AsyncDaemon.Waiting.ForShards((DocumentStore)store, timeout);
    }
}
