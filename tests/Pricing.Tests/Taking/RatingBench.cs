using Billing.Contracts;
using Billing.Contracts.Invoices;
using Billing.Contracts.Ratings;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.Pricing.Catalog.Storage;
using Billing.Pricing.Closing;
using Billing.Pricing.Rating.Taking;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.UsagePath;
using Billing.ServiceDefaults.UsagePath.Waiting;
using Billing.Testbed;
using Npgsql;
using EventId = Billing.Contracts.Values.EventId;

namespace Billing.Pricing.Tests.Taking;

/// <summary>Pricing's storage and everything that rates, on a database of its own, without a process.</summary>
public sealed class RatingBench : IAsyncDisposable
{

    private readonly SendFacts _send = new(new NobodyListens(), []);
    private readonly Dictionary<int, long> _numbers = [];

    private RatingBench(TestDatabase test)
    {
        Test = test;
        Database = ServiceDatabase.Of(test.Configuration, test.Service);
        Transactions = new(Database, _send);
        Time = new(Rating.Given.Now);
        StartAgain();
    }

    public TestDatabase Test { get; }

    public ServiceDatabase Database { get; }

    public BatchTransactions Transactions { get; }

    public VirtualTime Time { get; }

    public ChangeCatalog Changes { get; private set; } = null!;

    public CatalogHistory History { get; private set; } = null!;

    public RatingDesk Desk { get; private set; } = null!;

    public static async Task<RatingBench> Create() =>
        new(await TestDatabase.Create(Resources.Pricing, typeof(PricingPath).Assembly));

    /// <summary>Another process, which remembers nothing.</summary>
    public void StartAgain()
    {
        var stored = new StoredCatalog();
        Changes = new(Transactions, stored, new Inbox(), Time);
        History = new(stored);
        Desk = new(History, TimeZones.Find);
    }

    /// <summary>As it was at first, and another process.</summary>
    public async Task Empty()
    {
        await Test.Do(Test.Owner,
            "truncate tallies, uses, waiting_facts, lane_inbox, sent_facts, sent_lanes, catalog_facts, closings, "
            + "period_fees, fees_due, parked_facts, read_lanes, merge_windows, merged_ratings; "
            + "update catalog_head set last_number = 0");
        _numbers.Clear();
        Time.Advance(Rating.Given.Now - Time.GetUtcNow());
        StartAgain();
    }

    /// <summary>Invoicing asks, and the clock looks.</summary>
    public async Task Close(CloseAskedV1 ask)
    {
        await Hear(ask);
        await Look();
    }

    /// <summary>What Invoicing says, to whomever.</summary>
    public async Task Hear(object said)
    {
        await using var transaction = await Transactions.Begin(default);
        var fact = new Fact(
            Topics.Invoices, Lanes.Of(Rating.Given.Tenant), 1, new(Guid.CreateVersion7()),
            WireNames.Of(said.GetType()), Rating.Given.Tenant.ToString(), ContractsJson.Write(said), null);
        await new TakeAsks().Apply(new([fact], transaction, Time.GetUtcNow()), default);
        await transaction.Commit(default);
    }

    /// <summary>What is due by the clock is left to the owners of the lanes, who take it.</summary>
    public async Task Look()
    {
        await using (var command = Database.Writer.CreateCommand("select leave_due($1, $2) + leave_windows_due($2)"))
        {
            command.Parameters.Add(new() { Value = Topics.Usage });
            command.Parameters.Add(new() { Value = Time.GetUtcNow() });
            await command.ExecuteScalarAsync();
        }

        await TakeInbox();
    }

    /// <summary>A tide says so, and everything of it is taken.</summary>
    public Task ReadUpTo(TenantId tenant, string moment) => Test.Do(Test.Owner,
        "insert into read_lanes (topic, lane, read_up_to) "
        + $"values ('{Topics.Usage}', {Lanes.Of(tenant)}, '{moment}') "
        + "on conflict (topic, lane) do update set read_up_to = excluded.read_up_to");

    /// <summary>What was left for the owner of the lanes, by at most so many rows a batch.</summary>
    public async Task TakeInbox(int most = 500)
    {
        try
        {
            await LaneWork.TakeInbox(Transactions, Desk, Time.GetUtcNow(), most);
        }
        catch (TryAgainException)
        {
            // What a batch that died had left in memory is noticed when it is written; the usage path tries again.
            await LaneWork.TakeInbox(Transactions, Desk, Time.GetUtcNow(), most);
        }
    }

    public Task Sweep() => LaneWork.Sweep(Transactions, History, Time.GetUtcNow());

    /// <summary>Until nothing is left to do.</summary>
    public async Task Settle()
    {
        await TakeInbox();
        await Sweep();
        await TakeInbox();
    }

    /// <summary>Facts of the catalog, recorded as one change.</summary>
    public async Task Change(params IReadOnlyList<object> facts) =>
        (await Changes.Apply(
            CatalogWish.Of(Guid.CreateVersion7(), (_, _) => CatalogDecision.Record(facts)), default))
        .ShouldBeOfType<CatalogChange.Done>();

    /// <summary>Committed as one batch of the usage path.</summary>
    public async Task Take(params IReadOnlyList<object> usage)
    {
        await using var transaction = await Transactions.Begin(default);
        var batch = new FactBatch([.. usage.Select(Numbered)], transaction, Time.GetUtcNow());
        await new TakeUsage(Desk).Apply(batch, default);
        await transaction.Commit(default);
    }

    /// <summary>The same, and then it dies before the commit.</summary>
    public async Task TakeAndDie(params IReadOnlyList<object> usage)
    {
        await using var transaction = await Transactions.Begin(default);
        await new TakeUsage(Desk).Apply(new([.. usage.Select(Numbered)], transaction, Time.GetUtcNow()), default);
    }

    public Fact Numbered(object usage)
    {
        var (tenant, id) = usage switch
        {
            UsageAcceptedV1 use => (use.Tenant, UsageIds.Accepted(use.Event, use.Revision)),
            UsageCanceledV1 cancel => (cancel.Tenant, UsageIds.Canceled(cancel.Event, cancel.Revision)),
            _ => throw new ArgumentException("No usage.", nameof(usage)),
        };
        var lane = Lanes.Of(tenant);
        var number = _numbers[lane] = _numbers.GetValueOrDefault(lane) + 1;
        return new(
            Topics.Usage, lane, number, id, WireNames.Of(usage.GetType()), tenant.ToString(),
            ContractsJson.Write(usage), null);
    }

    public static UsageAcceptedV1 Use(
        string id, decimal quantity, string meter = "api_calls", string at = "2026-03-10T00:00:00Z", int revision = 0,
        string tenant = "t1", UsageScope scope = UsageScope.Whole, Properties? properties = null) =>
        new(
            TenantId.Of(tenant), new("//test", id), revision, "api.request", Rating.Given.At(at), Rating.Given.Now, scope,
            properties ?? Properties.None, [new(MeterId.Of(meter), Quantity.From(quantity))], 1);

    public static UsageCanceledV1 Cancel(string id, int revision = 0, string tenant = "t1") =>
        new(TenantId.Of(tenant), new("//test", id), revision, new EventId("//test", $"cancel-{id}"), Rating.Given.Now);

    /// <summary>Everything that the Ledger is told, each lane's in its order.</summary>
    public async Task<List<object>> Told()
    {
        var told = new List<object>();
        await using var connection = await Test.Open(Test.Owner);
        await using var command = new NpgsqlCommand(
            "select wire_name, body from sent_facts where topic = $1 order by lane, number", connection)
        {
            Parameters = { new() { Value = Topics.Ratings } },
        };
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
            told.Add(ContractsJson.Read(WireNames.Find(rows.GetString(0))!, rows.GetFieldValue<byte[]>(1)));
        return told;
    }

    public async Task<IReadOnlyList<Amount>> Amounts() => [.. (await Told()).Select(AmountOf).OfType<Amount>()];

    public static Amount? AmountOf(object rating) => rating switch
    {
        UseRatedV1 use => use.Amount,
        CancelRatedV1 cancel => cancel.Amount,
        MergedRatedV1 merged => merged.Amount,
        ChangeRatedV1 change => change.Amount,
        FeeRatedV1 fee => fee.Amount,
        ProrationRatedV1 part => part.Amount,
        TrueUpRatedV1 missing => missing.Amount,
        _ => null,
    };

    public Task<T> Ask<T>(string sql) => Test.Ask<T>(Test.Owner, sql);

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        await Test.DisposeAsync();
    }

    /// <summary>The relay reads from the store what it was not told; here nobody does.</summary>
    private sealed class NobodyListens : IRelay
    {
        public void HandOver(IReadOnlyList<NumberedFact> facts) { }
    }
}
