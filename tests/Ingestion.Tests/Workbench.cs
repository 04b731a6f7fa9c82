using System.Text;
using System.Text.Json;
using Billing.Contracts;
using Billing.Contracts.Catalog;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;
using Billing.Ingestion.Catalog;
using Billing.Ingestion.Usage;
using Billing.Ingestion.Usage.Reading;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.UsagePath;
using Billing.ServiceDefaults.UsagePath.Waiting;
using Billing.Testbed;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Billing.Ingestion.Tests;

/// <summary>Ingestion's storage and its accepting function on a database of their own, without a process.</summary>
public sealed class Workbench : IAsyncDisposable
{
    public static readonly DateTimeOffset Now = new(2026, 3, 14, 12, 0, 0, TimeSpan.Zero);

    private readonly SendFacts _send = new(new NobodyListens(), []);
    private long _catalogNumber;

    private Workbench(TestDatabase test)
    {
        Test = test;
        Database = ServiceDatabase.Of(test.Configuration, test.Service);
        Catalog = new(Database, TimeProvider.System, NullLogger<KnownCatalog>.Instance);
        Usage = new(Catalog, new UsageSources(), BelievedTimes.Default);
        Unmatched = new(Catalog);
        Transactions = new(Database, _send);
    }

    public TestDatabase Test { get; }

    public ServiceDatabase Database { get; }

    public KnownCatalog Catalog { get; }

    public AcceptUsage Usage { get; }

    public RetryUnmatched Unmatched { get; }

    public BatchTransactions Transactions { get; }

    public static async Task<Workbench> Create() =>
        new(await TestDatabase.Create("ingestion", typeof(AcceptUsage).Assembly));

    /// <summary>The tenants acme and globex; api_calls counts requests, tokens adds them up.</summary>
    public static async Task<Workbench> WithCatalog()
    {
        var bench = await Create();
        await bench.Take(Tenant("acme"), Tenant("globex"), Meter("api_calls", "api.request"),
            Meter("tokens", "llm.call", "tokens", Aggregation.Sum, "token"));
        return bench;
    }

    /// <summary>As it was at first, save the numbers that sources have.</summary>
    public Task Empty() => Test.Do(Test.Owner,
        "truncate usage_keys, usage_originals, usage_refusals, usage_changes, usage_counts, "
        + "usage_sequences, waiting_facts, parked_facts, sent_facts, sent_lanes");

    public static TenantSetV1 Tenant(string id) => new(TenantId.Of(id), id, "CI", Decision);

    public static MeterSetV1 Meter(
        string id, string type, string? property = null, Aggregation aggregation = Aggregation.Count,
        string unit = "call", Properties? filter = null) =>
        new(MeterId.Of(id), type, unit, aggregation, [], Decision, property, filter);

    /// <summary>Catalog facts, taken and seen.</summary>
    public async Task Take(params object[] facts)
    {
        await TakeUnseen(facts);
        await Catalog.Refresh(default);
    }

    /// <summary>Catalog facts, committed; this instance has not looked yet.</summary>
    public Task TakeUnseen(params object[] facts) =>
        Take([.. facts.Select(fact => Numbered(fact, ++_catalogNumber))]);

    /// <summary>One that was parked, after others with higher numbers; seen.</summary>
    public async Task TakeLate(long number, object fact)
    {
        await Take([Numbered(fact, number)]);
        await Catalog.Refresh(default);
    }

    private static Fact Numbered(object fact, long number) => new(
        Topics.Catalog, 0, number, new(Guid.CreateVersion7()), WireNames.Of(fact.GetType()), "key",
        ContractsJson.Write(fact), null);

    private async Task Take(List<Fact> numbered)
    {
        await using var transaction = await Transactions.Begin(default);
        await new TakeCatalog(Catalog).Apply(new(numbered, transaction, Now), default);
        await transaction.Commit(default);
    }

    public Task<IReadOnlyList<Verdict>> Accept(params string[] events) =>
        Accept(Now, [.. events.Select(Arrival)]);

    public async Task<IReadOnlyList<Verdict>> Accept(DateTimeOffset now, params Arrival[] arrivals)
    {
        await using var transaction = await Transactions.Begin(default);
        var verdicts = await Usage.Apply(arrivals, transaction, now, default);
        await transaction.Commit(default);
        return verdicts;
    }

    /// <summary>What the sweep does: every row that was judged by an older number.</summary>
    public async Task<int> Sweep()
    {
        await using var transaction = await Transactions.Begin(default);
        var (number, rows) = (0L, new List<WaitingRow>());
        await using (var ask = new NpgsqlCommand("select number from catalog_state", transaction.Connection))
            number = (long)(await ask.ExecuteScalarAsync())!;
        await using (var due = new NpgsqlCommand(
            "select id, tenant_id, judged_by, body, since from waiting_facts where judged_by < $1 "
            + "order by id for update skip locked",
            transaction.Connection))
        {
            due.Parameters.Add(new() { Value = number });
            await using var found = await due.ExecuteReaderAsync();
            while (await found.ReadAsync())
                rows.Add(new(
                    found.GetInt64(0), found.GetString(1), found.GetInt64(2), found.GetFieldValue<byte[]>(3),
                    found.GetFieldValue<DateTimeOffset>(4)));
        }

        var done = await Unmatched.Retry(new(rows, number, transaction, Now), default);
        await using (var settle = new NpgsqlCommand(
            "with done as (delete from waiting_facts where id = any ($1)) "
            + "update waiting_facts set judged_by = $2 where id = any ($3)", transaction.Connection))
        {
            settle.Parameters.Add(new() { Value = done.ToArray() });
            settle.Parameters.Add(new() { Value = number });
            settle.Parameters.Add(new() { Value = rows.Select(row => row.Id).Except(done).ToArray() });
            await settle.ExecuteNonQueryAsync();
        }

        await transaction.Commit(default);
        return done.Count;
    }

    public static Arrival Arrival(string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        var reading = ReadCloudEvent.One(bytes);
        return new()
        {
            Original = bytes,
            Via = UsageVia.Http,
            Event = reading.Event,
            Refusal = reading.Refusal,
            Source = reading.Source,
            Id = reading.Id,
        };
    }

    /// <summary>A request of acme's, or with other attributes and data.</summary>
    public static string Event(
        string id, string source = "gateway", string type = "api.request", string subject = "acme",
        string time = "2026-03-14T11:59:00Z", object? data = null, string? cancels = null,
        string? amends = null, object? sequence = null)
    {
        var members = new Dictionary<string, object?>
        {
            ["specversion"] = "1.0",
            ["id"] = id,
            ["source"] = source,
            ["type"] = type,
            ["subject"] = subject,
            ["time"] = time,
            ["data"] = data ?? new { },
        };
        if (cancels is not null) members["billingcancels"] = cancels;
        if (amends is not null) members["billingamends"] = amends;
        if (sequence is not null) members["sequence"] = sequence;
        return JsonSerializer.Serialize(members);
    }

    /// <summary>Everything that Pricing is told, each lane's in its order.</summary>
    public async Task<List<object>> Told()
    {
        var told = new List<object>();
        await using var connection = await Test.Open(Test.Owner);
        await using var command = new NpgsqlCommand(
            "select wire_name, body from sent_facts order by lane, number", connection);
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
            told.Add(ContractsJson.Read(
                WireNames.Find(rows.GetString(0))!, rows.GetFieldValue<byte[]>(1)));
        return told;
    }

    /// <summary>In words: <c>use x/0</c>, <c>cancel x/0</c>.</summary>
    public async Task<List<string>> Story() => [.. (await Told()).Select(fact => fact switch
    {
        UsageAcceptedV1 use => $"use {use.Event.Id}/{use.Revision}",
        UsageCanceledV1 cancel => $"cancel {cancel.Event.Id}/{cancel.Revision} by {cancel.CanceledBy.Id}",
        _ => fact.ToString()!,
    })];

    /// <summary>accepted, duplicate, conflict, rejected, unmatched, waiting of all sources and days.</summary>
    public Task<string> Counts() => Test.Ask<string>(Test.Owner,
        "select concat_ws(' ', sum(accepted), sum(duplicate), sum(conflict), sum(rejected), sum(unmatched), "
        + "sum(waiting)) from usage_counts");

    public Task<string> State(string id) => Test.Ask<string>(Test.Owner,
        $"select coalesce((select state || '/' || revision from usage_keys where id = '{id}'), 'none')");

    public async ValueTask DisposeAsync()
    {
        Catalog.Dispose();
        await Transactions.DisposeAsync();
        await Database.DisposeAsync();
        await Test.DisposeAsync();
    }

    private static DecisionV1 Decision => new("ada", Now, "test");

    /// <summary>The relay reads from the store what it was not told; here nobody does.</summary>
    private sealed class NobodyListens : IRelay
    {
        public void HandOver(IReadOnlyList<NumberedFact> facts) { }
    }
}
