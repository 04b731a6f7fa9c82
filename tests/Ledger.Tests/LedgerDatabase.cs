using Billing.Contracts;
using Billing.Contracts.Catalog;
using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.Ledger.Charges;
using Billing.Ledger.Events;
using Billing.Ledger.Periods;
using Billing.Ledger.Storage;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.UsagePath;
using Billing.ServiceDefaults.UsagePath.Waiting;
using Billing.Testbed;
using Marten;
using Npgsql;

namespace Billing.Ledger.Tests;

/// <summary>The Ledger's database, migrated, with the event store and the handlers; no service runs.</summary>
internal sealed class LedgerDatabase : IAsyncDisposable
{
    private static readonly RatingTraceV1 Trace = new([new("per unit", Given.Usd100("1"))]);

    private readonly SendFacts _send = new(new NobodyListens(), []);
    private long _number;

    private LedgerDatabase(TestDatabase test)
    {
        Test = test;
        Database = ServiceDatabase.Of(test.Configuration, test.Service);
        Store = DocumentStore.For(options => LedgerStore.Configure(options, Database.Writer, Time));
        Transactions = new(Store, new BatchTransactions(Database, _send));
    }

    public TestDatabase Test { get; }

    public ServiceDatabase Database { get; }

    public VirtualTime Time { get; } = new(Given.Now);

    public DocumentStore Store { get; }

    public LedgerTransactions Transactions { get; }

    public static async Task<LedgerDatabase> Create() =>
        new(await TestDatabase.Create("ledger", typeof(LedgerStore).Assembly));

    /// <summary>sub-1 of tenant-1, in dollars, by calendar months of UTC.</summary>
    public static async Task<LedgerDatabase> WithSubscription()
    {
        var ledger = await Create();
        await ledger.Take(new TakeCatalog(), Fact("sub-1", Set(Given.Sub, Given.Tenant)));
        return ledger;
    }

    public static SubscriptionSetV1 Set(SubscriptionId id, TenantId tenant, string currency = "USD") => new(
        id, tenant, PlanId.Of("starter"), "US", Currency.Of(currency), PeriodAnchor.CalendarMonth, "Etc/UTC",
        Given.March.Start, new("ada", Given.Now, "test"));

    /// <summary>A use of March for sub-1, or with other parts.</summary>
    public static UseRatedV1 Use(
        string name, string amount, BillingPeriod? period = null, SubscriptionId? sub = null,
        TenantId? tenant = null) => new(
            tenant ?? Given.Tenant, new("//platform", name), 0, Given.Meter, period ?? Given.March,
            (period ?? Given.March).Start.AddDays(9), Quantity.From(3), Given.Usd100(amount), Trace,
            sub ?? Given.Sub);

    public static CancelRatedV1 Cancel(string name, string of, string amount) => new(
        Given.Tenant, new("//platform", of), 0, Given.Meter, new(Given.Id(of)), Given.March,
        Given.March.Start.AddDays(9), Quantity.From(-3), Given.Usd100(amount), Trace, Given.Sub);

    public static PeriodAnsweredV1 Answer(int close, BillingPeriod? period = null) => new(
        Given.Tenant, Given.Usd, period ?? Given.March, close, Given.Now, 0, 0, Given.Sub);

    public static (string Name, object Message) Fact(string name, object message) => (name, message);

    /// <summary>Uses by name, each of one dollar.</summary>
    public Task Post(params string[] names) =>
        Take(new TakeRatings(), [.. names.Select(name => Fact(name, Use(name, "1")))]);

    /// <summary>One batch, as the usage path takes it, tried again where that may help.</summary>
    public async Task Take(IFactHandler handler, params (string Name, object Message)[] messages)
    {
        var facts = messages.Select(one => new Fact(
            handler.Topic, 0, Interlocked.Increment(ref _number), new(Given.Id(one.Name)),
            WireNames.Of(one.Message.GetType()), "key", ContractsJson.Write(one.Message), null)).ToList();
        for (var attempt = 1; ; attempt++)
            try
            {
                await using var transaction = await Transactions.Begin(default);
                await handler.Apply(new(facts, transaction, Time.GetUtcNow()), default);
                await transaction.Commit(default);
                return;
            }
            catch (Exception again) when (attempt < 50 && MayPass(again))
            {
                // As the usage path does: the batch again.
            }
    }

    /// <summary>What the sweep does with one kind, by a number of the catalog that is beyond all.</summary>
    public async Task Sweep(IWaitingHandler handler)
    {
        await using var transaction = await Transactions.Begin(default);
        var rows = new List<WaitingRow>();
        await using (var due = new NpgsqlCommand(
            "select id, tenant_id, judged_by, body, since from waiting_facts where kind = $1 order by id "
            + "for update skip locked", transaction.Connection))
        {
            due.Parameters.Add(new() { Value = handler.Kind });
            await using var found = await due.ExecuteReaderAsync();
            while (await found.ReadAsync())
                rows.Add(new(
                    found.GetInt64(0), found.GetString(1), found.GetInt64(2), found.GetFieldValue<byte[]>(3),
                    found.GetFieldValue<DateTimeOffset>(4)));
        }

        await handler.Retry(new(rows, 1, transaction, Time.GetUtcNow()), default);
        await transaction.Commit(default);
    }

    /// <summary>All events in the order of the store, in words: <c>charge_posted tenant-1/usage/…</c>.</summary>
    public async Task<List<StoredEvent>> Events()
    {
        await using var connection = await Test.Open(Test.Owner);
        await using var command = new NpgsqlCommand(
            "select stream_id, version, id, type, data from events.mt_events order by seq_id", connection);
        await using var rows = await command.ExecuteReaderAsync();
        return await StoredEvents.Read(rows, default);
    }

    public async Task<List<T>> Events<T>() where T : LedgerEvent =>
        [.. (await Events()).Select(stored => stored.Event).OfType<T>()];

    public Task<long> Count(string from) => Test.Ask<long>(Test.Owner, $"select count(*) from {from}");

    /// <summary>
    /// What has to hold always: versions without gap, slips that are the events, closes that are the slips.
    /// </summary>
    public async Task ShouldAddUp()
    {
        var events = await Events();
        foreach (var stream in events.GroupBy(stored => stored.Stream))
            stream.Select(stored => stored.Version).Order()
                .ShouldBe(Enumerable.Range(1, stream.Count()).Select(version => (long)version));

        var booked = new Dictionary<PeriodKey, Slip>();
        foreach (var slip in events.Select(stored => Slip.Of(stored.Id, stored.Event)).OfType<Slip>())
            booked[slip.Period] = booked.TryGetValue(slip.Period, out var before) ? before.And(slip) : slip;

        await using var connection = await Test.Open(Test.Owner);
        var slips = await PeriodGuards.Booked(connection, booked.Keys, default);
        slips.ToDictionary(slip => slip.Key, slip => (slip.Value.Entries, slip.Value.Sum))
            .ShouldBe(booked.ToDictionary(slip => slip.Key, slip => (slip.Value.Entries, slip.Value.Sum)),
                ignoreOrder: true);
    }

    public async ValueTask DisposeAsync()
    {
        Store.Dispose();
        await Database.DisposeAsync();
        await Test.DisposeAsync();
    }

    private static bool MayPass(Exception trouble) => trouble is TryAgainException
        || trouble is PostgresException { SqlState: "40P01" or "40001" or "55P03" }
        || trouble.InnerException is PostgresException { SqlState: "40P01" or "40001" or "55P03" };

    /// <summary>The relay reads from the store what it was not told; here nobody does.</summary>
    private sealed class NobodyListens : IRelay
    {
        public void HandOver(IReadOnlyList<NumberedFact> facts) { }
    }
}
