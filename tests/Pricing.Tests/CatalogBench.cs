using Billing.Contracts;
using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.Pricing.Catalog.Storage;
using Billing.Pricing.Prices;
using Billing.Pricing.Subscriptions;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.UsagePath;
using Billing.ServiceDefaults.UsagePath.Waiting;
using Billing.Testbed;
using Npgsql;

namespace Billing.Pricing.Tests;

/// <summary>The stored catalog on a database of its own, without a process; nothing is published.</summary>
public sealed class CatalogBench : IAsyncDisposable
{
    public static readonly DateTimeOffset Now = new(2026, 3, 14, 12, 0, 0, TimeSpan.Zero);
    public static readonly Author Ada = new("ada", "a test");

    private readonly List<IAsyncDisposable> _others = [];

    private CatalogBench(TestDatabase test)
    {
        Test = test;
        Database = ServiceDatabase.Of(test.Configuration, test.Service);
        Transactions = new(Database, new SendFacts(new NobodyListens(), []));
        (Time, Stored, Change) = Fresh();
    }

    public TestDatabase Test { get; }

    public ServiceDatabase Database { get; }

    public VirtualTime Time { get; private set; }

    public BatchTransactions Transactions { get; }

    public StoredCatalog Stored { get; private set; }

    public ChangeCatalog Change { get; private set; }

    public static async Task<CatalogBench> Create() =>
        new(await TestDatabase.Create("pricing", typeof(ChangeCatalog).Assembly));

    /// <summary>As it was at first; a database costs more than a test.</summary>
    public async Task Empty()
    {
        await Test.Do(
            Test.Owner, "truncate catalog_facts, sent_facts, sent_lanes, read_lanes, lane_inbox; "
            + "update catalog_head set last_number = 0");
        (Time, Stored, Change) = Fresh();
    }

    private (VirtualTime, StoredCatalog, ChangeCatalog) Fresh()
    {
        var (time, stored) = (new VirtualTime(Now), new StoredCatalog());
        return (time, stored, new(Transactions, stored, new Inbox(), time));
    }

    /// <summary>Another process of the same service, with connections of its own.</summary>
    public ChangeCatalog Another(params IStepWatch[] watches)
    {
        var database = ServiceDatabase.Of(Test.Configuration, Test.Service);
        var transactions = new BatchTransactions(database, new SendFacts(new NobodyListens(), watches));
        _others.AddRange([transactions, database]);
        return new(transactions, new(), new Inbox(), Time);
    }

    public static Guid Id(string name) => DerivedId.From("test", name);

    public static CatalogWish Tenant(string id, string country = "FR", string name = "Acme") => new(
        Id($"tenant {id} {country} {name}"),
        (asked, _) => Task.FromResult(SetTenant.Decide(
            new(TenantId.Of(id), name, country, Ada), asked.Catalog, asked.Now)));

    public static CatalogWish Meter(string id) => CatalogWish.Of(
        Id($"meter {id}"), (state, now) => SetMeter.Decide(
            new(MeterId.Of(id), "api.request", "call", Aggregation.Count, Ada), state, now));

    public static CatalogWish Plan(string id, string name = "A plan") => CatalogWish.Of(
        Id($"plan {id} {name}"), (state, now) => PublishPlan.Decide(
            new(PlanId.Of(id), name, now, [], [], Ada), state, now));

    public static CatalogWish Subscribe(string id, string tenant, string plan) => CatalogWish.Of(
        Id($"subscription {id}"), (state, now) => StartSubscription.Decide(
            new(SubscriptionId.Of(id), TenantId.Of(tenant), PlanId.Of(plan), now, Ada), state,
            _ => _ => TimeSpan.Zero, now));

    public static CatalogWish Price(
        string id, string meter, string price, string? plan = null, string? tenant = null,
        string? country = null) => CatalogWish.Of(
        Id($"price {id} {price}"), (state, now) => PublishPrice.Decide(
            new(
                PriceRuleId.Of(id), MeterId.Of(meter), Text.Read<UnitPrice>(price).Currency,
                new PriceModelV1.PerUnit(Text.Read<UnitPrice>(price)), now, Ada,
                plan is null ? null : PlanId.Of(plan), country,
                tenant is null ? null : TenantId.Of(tenant)), state, now));

    public async Task<CatalogChange.Done> Apply(CatalogWish wish) =>
        (await Change.Apply(wish, default)).ShouldBeOfType<CatalogChange.Done>();

    public async Task Apply(params CatalogWish[] wishes)
    {
        foreach (var wish in wishes) await Apply(wish);
    }

    public async Task<KnownCatalog> Read(StoredCatalog stored)
    {
        await using var connection = await Database.Writer.OpenConnectionAsync();
        return await stored.Read(connection, default);
    }

    /// <summary>The facts as they go out, in their order.</summary>
    public async Task<List<(long Number, string Key, object Fact)>> Sent()
    {
        await using var connection = await Test.Open(Test.Owner);
        await using var command = new NpgsqlCommand(
            $"select number, key, wire_name, body from sent_facts where topic = '{Topics.Catalog}' "
            + "and lane = 0 order by number", connection);
        await using var rows = await command.ExecuteReaderAsync();
        var sent = new List<(long, string, object)>();
        while (await rows.ReadAsync())
            sent.Add((rows.GetInt64(0), rows.GetString(1), ContractsJson.Read(
                WireNames.Find(rows.GetString(2))!, rows.GetFieldValue<byte[]>(3))));
        return sent;
    }

    /// <summary>What was left for the owners of lanes.</summary>
    public async Task<List<(int Lane, TermsChanged Terms)>> Left()
    {
        await using var connection = await Test.Open(Test.Owner);
        await using var command = new NpgsqlCommand(
            "select id, lane, kind, body, asked_at from lane_inbox where kind = 'terms-changed'", connection);
        await using var rows = await command.ExecuteReaderAsync();
        var left = new List<(int, TermsChanged)>();
        while (await rows.ReadAsync())
        {
            var row = new InboxRow(
                rows.GetGuid(0), rows.GetInt32(1), rows.GetString(2), rows.GetFieldValue<byte[]>(3),
                rows.GetFieldValue<DateTimeOffset>(4));
            left.Add((row.Lane, TermsChanged.Of(row)));
        }

        return [.. left.OrderBy(row => row.Item2.Number)
            .ThenBy(row => row.Item2.Tenant.ToString(), StringComparer.Ordinal)];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var other in _others) await other.DisposeAsync();
        await Transactions.DisposeAsync();
        await Database.DisposeAsync();
        await Test.DisposeAsync();
    }

    private sealed class NobodyListens : IRelay
    {
        public void HandOver(IReadOnlyList<NumberedFact> facts) { }
    }
}
