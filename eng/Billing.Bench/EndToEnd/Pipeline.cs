using Billing.Contracts;
using Billing.Contracts.Values;
using Npgsql;

namespace Billing.Bench.EndToEnd;

/// <summary>Ingestion, Pricing and Ledger, each with a database of its own, that all know one catalog.</summary>
internal sealed class Pipeline : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly List<BenchService> _services = [];

    public BenchService Ingestion { get; private set; } = null!;

    public BenchService Pricing { get; private set; } = null!;

    public BenchService Ledger { get; private set; } = null!;

    public IReadOnlyList<BenchService> Services => _services;

    public static async Task<Pipeline> Start(Installation bench, CancellationToken cancellation)
    {
        var pipeline = new Pipeline();
        try
        {
            pipeline.Pricing = await pipeline.Add(bench, "Pricing", Resources.Pricing, Seed, cancellation);
            pipeline.Ledger = await pipeline.Add(bench, "Ledger", Resources.Ledger, null, cancellation);
            pipeline.Ingestion = await pipeline.Add(bench, "Ingestion", Resources.Ingestion, null, cancellation);
            await pipeline.Until("the catalog is known to all", async () =>
                await pipeline.Ledger.Number("select count(*) from ledger_subscriptions", cancellation) == Load.Tenants
                && await pipeline.Ingestion.Number("select count(*) from catalog_tenants", cancellation)
                    == Load.Tenants, cancellation);
            return pipeline;
        }
        catch
        {
            await pipeline.DisposeAsync();
            throw;
        }
    }

    public async Task Until(string what, Func<Task<bool>> isSo, CancellationToken cancellation)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (!await isSo())
        {
            if (clock.Elapsed > Patience)
                throw new BenchFailed(
                    $"after {Patience} it is not so that {what}; they said: "
                    + string.Join("; ", _services.Select(service => $"{service.Project}: {service.Process.Said}")));
            foreach (var service in _services) service.ShouldRun();
            await Task.Delay(50, cancellation);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in _services) await service.DisposeAsync();
    }

    private async Task<BenchService> Add(
        Installation bench, string project, string name, Func<NpgsqlDataSource, CancellationToken, Task>? seed,
        CancellationToken cancellation)
    {
        var (start, data, _) = await bench.PrepareService(project, name, seed, cancellation);
        var service = new BenchService(project, start, data);
        _services.Add(service);
        return service;
    }

    // As if it had been decided over HTTP, in a transaction instead of thousands; Pricing publishes it.
    public static async Task Seed(NpgsqlDataSource data, CancellationToken cancellation)
    {
        var facts = UsageLoad.Catalog()
            .Select((one, place) => (one.Key, one.Tenant, Name: WireNames.Of(one.Fact.GetType()),
                Id: DerivedId.From("bench-catalog", one.Key, one.Fact.GetType().Name), Number: place + 1L,
                Body: ContractsJson.Write(one.Fact)))
            .ToList();
        await using var connection = await data.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands =
            {
                new(
                    """
                    insert into catalog_facts
                        (number, fact_id, change_id, wire_name, key, tenant_id, body, actor, reason, at)
                    select n, i, i, w, k, t, b, 'bench', 'A measurement', '2020-01-01Z'
                    from unnest($1, $2, $3, $4, $5, $6) as f (n, i, w, k, t, b)
                    """)
                {
                    Parameters =
                    {
                        new() { Value = facts.Select(fact => fact.Number).ToArray() },
                        new() { Value = facts.Select(fact => fact.Id).ToArray() },
                        new() { Value = facts.Select(fact => fact.Name).ToArray() },
                        new() { Value = facts.Select(fact => fact.Key).ToArray() },
                        new() { Value = facts.Select(fact => fact.Tenant).ToArray() },
                        new() { Value = facts.Select(fact => fact.Body).ToArray() },
                    },
                },
                new("update catalog_head set last_number = (select max(number) from catalog_facts)"),
                new(
                    """
                    insert into sent_facts (topic, lane, number, fact_id, wire_name, key, body)
                    select 'billing.pricing.catalog.v1', 0, number, fact_id, wire_name, key, body
                    from catalog_facts
                    """),
                new(
                    """
                    insert into sent_lanes (topic, lane, last_number, last_fact, fact_before)
                    select 'billing.pricing.catalog.v1', 0, number, fact_id, null from catalog_facts
                    order by number desc limit 1
                    """),
            },
        };
        await batch.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
    }
}

/// <summary>A running service, and its database.</summary>
internal sealed class BenchService(string project, Func<ChildProcess> start, NpgsqlDataSource data)
    : IAsyncDisposable
{
    private bool _isStopped;

    public string Project => project;

    public ChildProcess Process { get; private set; } = start();

    public NpgsqlDataSource Data => data;

    /// <exception cref="BenchFailed">It has ended.</exception>
    public void ShouldRun()
    {
        if (!_isStopped && Process.HasExited) throw new BenchFailed($"{project} ended: {Process.Said}");
    }

    public async Task<long> Number(string sql, CancellationToken cancellation)
    {
        await using var command = data.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>Its database stays.</summary>
    public async Task Stop()
    {
        if (!_isStopped) await Process.DisposeAsync();
        _isStopped = true;
    }

    public void StartAgain() => (Process, _isStopped) = (start(), false);

    public async ValueTask DisposeAsync()
    {
        await Stop();
        await data.DisposeAsync();
    }
}
