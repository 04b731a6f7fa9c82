using System.Data;
using JasperFx;
using JasperFx.Events;
using JasperFx.Events.Daemon;
using Marten.AsyncDaemon;
using Marten.Services;
using Marten.Sessions;
using Marten.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Marten;

/// <summary>Documents and events in one PostgreSQL database. Made once, shared by everybody.</summary>
public class DocumentStore : IDocumentStore
{
    private readonly Schema schema;
    private readonly SemaphoreSlim making = new(1, 1);
    private volatile int made;

    public DocumentStore(StoreOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.DataSource is null) throw new InvalidOperationException("The store has no connection.");
        if (options.Events.StreamIdentity != StreamIdentity.AsString)
            throw new InvalidOperationException(
                "Events.StreamIdentity is AsGuid, the default; only AsString is offered here.");

        Parts = new(options);
        schema = new(Parts);
        Storage = new MartenStorage(schema);
        Advanced = new(this);
    }

    public IMartenStorage Storage { get; }
    public AdvancedOperations Advanced { get; }

    internal StoreParts Parts { get; }
    internal ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;

    public static DocumentStore For(Action<StoreOptions> configure)
    {
        var options = new StoreOptions();
        configure(options);

        return new(options);
    }

    public IDocumentSession LightweightSession(
        IsolationLevel isolationLevel = IsolationLevel.ReadCommitted) =>
        OpenSession(new() { IsolationLevel = isolationLevel });

    public IDocumentSession LightweightSession(SessionOptions options) => OpenSession(options);

    public IDocumentSession OpenSession(SessionOptions options) => new DocumentSession(this, options);

    public IQuerySession QuerySession() => QuerySession(new());

    public IQuerySession QuerySession(SessionOptions options) => new QuerySession(this, options);

    public ValueTask<IProjectionDaemon> BuildProjectionDaemonAsync(
        string? tenantIdOrDatabaseIdentifier = null, ILogger? logger = null) =>
        new(new ProjectionDaemon(this, logger ?? Loggers.CreateLogger<ProjectionDaemon>()));

    public async Task BulkInsertEventsAsync(
        IReadOnlyList<StreamAction> streams, int batchSize = 1000, CancellationToken cancellation = default)
    {
        await EnsureSchema(cancellation);
        await new BulkInsert(Parts).Run(streams, batchSize, cancellation);
        Parts.Appended.Set();
    }

    public void Dispose()
    {
        if (Parts.Options.OwnsDataSource) Parts.Options.DataSource!.Dispose();
        making.Dispose();
        GC.SuppressFinalize(this);
    }

    public async ValueTask DisposeAsync()
    {
        if (Parts.Options.OwnsDataSource) await Parts.Options.DataSource!.DisposeAsync();
        making.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Makes the tables before they are first used, unless somebody else does.</summary>
    internal async Task EnsureSchema(CancellationToken token)
    {
        // A document type that is used for the first time makes it one more.
        var wanted = Parts.Tables.Count;
        if (made == wanted || Parts.Options.AutoCreateSchemaObjects == AutoCreate.None) return;

        await making.WaitAsync(token);
        try
        {
            if (made == wanted) return;

            await schema.Apply(token);
            made = wanted;
        }
        finally
        {
            making.Release();
        }
    }
}
