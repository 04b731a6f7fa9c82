using System.Collections.Concurrent;
using System.Data;
using System.Text.Json;
using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.ServiceDefaults.Database;
using Npgsql;

namespace Billing.Ingestion.Catalog;

/// <summary>
/// The catalog in memory, as this instance knows it. The instance that takes the facts looks at once, the
/// others look every second whether there is a new version. Being a little behind is safe: what finds no
/// tenant or meter is kept together with the number that it was judged by.
/// </summary>
public sealed partial class KnownCatalog(
    ServiceDatabase database, TimeProvider time, ILogger<KnownCatalog> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _one = new(1, 1);
    private volatile TaskCompletionSource _news = News();

    public CatalogSnapshot Current { get; private set; } = CatalogSnapshot.Nothing;

    /// <summary>There is something new, and it is committed.</summary>
    public void Look() => _news.TrySetResult();

    /// <summary>
    /// Fetches what is new; the answer is at least as new as what was committed before the call.
    /// </summary>
    public async Task<CatalogSnapshot> Refresh(CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            await using var connection = await database.Writer.OpenConnectionAsync(cancellation);
            var (_, newest) = await State(connection, cancellation);
            if (newest > Current.Version) Current = await Read(connection, cancellation);
            return Current;
        }
        finally
        {
            _one.Release();
        }
    }

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await Refresh(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await await Task.WhenAny(Task.Delay(Pause, time, stoppingToken), _news.Task);
                if (_news.Task.IsCompleted) _news = News();
                await Refresh(stoppingToken);
            }
            catch (NpgsqlException failed)
            {
                CannotRefresh(logger, failed);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    public override void Dispose()
    {
        _one.Dispose();
        base.Dispose();
    }

    private static TaskCompletionSource News() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static async Task<(long Number, long Version)> State(
        NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select number, version from catalog_state", connection);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        return (row.GetInt64(0), row.GetInt64(1));
    }

    private async Task<CatalogSnapshot> Read(NpgsqlConnection connection, CancellationToken cancellation)
    {
        // State and rows of the same moment.
        await using var snapshot = await connection.BeginTransactionAsync(
            IsolationLevel.RepeatableRead, cancellation);
        var (number, version) = await State(connection, cancellation);
        var tenants = Current.Version == 0
            ? new ConcurrentDictionary<string, byte>(StringComparer.Ordinal)
            : Current.Tenants;
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new("select tenant_id from catalog_tenants where version > $1")
                {
                    Parameters = { new() { Value = Current.Version } },
                },
                new("select meter_id, event_type, unit, aggregation, property, filter from catalog_meters"),
            },
        };
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        while (await rows.ReadAsync(cancellation)) tenants.TryAdd(rows.GetString(0), 0);

        await rows.NextResultAsync(cancellation);
        var meters = new List<KnownMeter>();
        while (await rows.ReadAsync(cancellation)) meters.Add(Meter(rows));
        return new(number, version, tenants, meters);
    }

    private static KnownMeter Meter(NpgsqlDataReader row) => new(
        MeterId.Of(row.GetString(0)), row.GetString(1), row.GetString(2),
        Enum.Parse<Aggregation>(
            row.GetString(3).Replace("-", "", StringComparison.Ordinal), ignoreCase: true),
        row.IsDBNull(4) ? null : row.GetString(4),
        [.. JsonSerializer.Deserialize<Dictionary<string, string>>(row.GetString(5))!]);

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "The catalog could not be looked at; the last one stays")]
    private static partial void CannotRefresh(ILogger logger, Exception failed);
}
