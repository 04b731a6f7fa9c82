using System.Collections.Concurrent;
using Billing.Contracts;
using Billing.Contracts.Entries;
using Billing.Contracts.Values;
using Billing.Ledger.Charges;
using Billing.Ledger.Storage;
using Billing.ServiceDefaults.UsagePath;
using Billing.Testbed;
using Marten;
using Npgsql;
using static Billing.Ledger.Tests.Given;
using static Billing.Ledger.Tests.LedgerDatabase;

namespace Billing.Ledger.Tests;

/// <summary>Entries get their numbers in the order of the store, once.</summary>
public class PublishingEntriesTests
{
    private static readonly TimeSpan Patience = Eventually.Patience;

    private LedgerDatabase _ledger = null!;

    [SetUp]
    public async Task Create() => _ledger = await WithSubscription();

    [TearDown]
    public async Task Drop() => await _ledger.DisposeAsync();

    [Test]
    public async Task entries_are_numbered_in_the_order_of_the_store()
    {
        using var store = WithPublishing();
        using var daemon = await store.BuildProjectionDaemonAsync();
        await daemon.StartAllAsync();
        await _ledger.Post("a", "b");
        await _ledger.Take(new TakeRatings(), Fact("c", Use("c", "1")), Fact("close", Answer(1)));
        await daemon.WaitForNonStaleData(Patience);

        var sent = await Sent();
        sent.Select(one => one.Number).ShouldBe([1, 2, 3, 4]);
        sent.Select(one => one.Fact).ShouldBe((await _ledger.Events()).Select(stored => stored.Id));
        sent[^1].Message.ShouldBeOfType<PeriodClosedV1>().Sum.ShouldBe(Usd100("3"));
        sent.Select(one => one.Lane).Distinct().ShouldBe([Lanes.Of(Tenant)]);
    }

    [Test]
    public async Task a_repeat_gives_the_same_numbers_however_often_the_process_dies()
    {
        await _ledger.Post([.. Enumerable.Range(0, 30).Select(n => $"use {n}")]);
        foreach (var fail in new[] { 1, 2, 2 })
        {
            using var dying = WithPublishing(batch: 10, dieAt: fail);
            using var daemon = await dying.BuildProjectionDaemonAsync();
            await Should.ThrowAsync<Dying>(() => daemon.CatchUpAsync(Patience, default));
        }

        using var store = WithPublishing(batch: 7);
        using var last = await store.BuildProjectionDaemonAsync();
        await last.CatchUpAsync(Patience, default);

        var sent = await Sent();
        sent.Select(one => one.Number).ShouldBe(Enumerable.Range(1, 30).Select(n => (long)n));
        sent.Select(one => one.Fact).ShouldBe((await _ledger.Events()).Select(stored => stored.Id));
    }

    [Test]
    public async Task two_processes_at_once_number_each_entry_once()
    {
        await _ledger.Post([.. Enumerable.Range(0, 40).Select(n => $"use {n}")]);
        using var one = WithPublishing(batch: 3);
        using var other = WithPublishing(batch: 4);
        using var first = await one.BuildProjectionDaemonAsync();
        using var second = await other.BuildProjectionDaemonAsync();
        await Task.WhenAll(first.StartAllAsync(), second.StartAllAsync());
        await Eventually.Is(async () => (await Sent()).Count >= 40);

        (await Sent()).Select(sent => sent.Fact).ShouldBe((await _ledger.Events()).Select(stored => stored.Id));
    }

    [Test]
    public async Task the_relay_of_the_process_gets_them_with_the_numbers_that_are_stored()
    {
        var relay = new Relay();
        using var store = WithPublishing(batch: 6, handOver: new(relay, _ledger.Database));
        using var daemon = await store.BuildProjectionDaemonAsync();
        await daemon.StartAllAsync();
        await _ledger.Post("first");
        await daemon.WaitForNonStaleData(Patience);
        await _ledger.Post([.. Enumerable.Range(0, 20).Select(n => $"use {n}")]);
        await daemon.WaitForNonStaleData(Patience);
        await Eventually.Is(() => relay.Facts.Count == 21);

        relay.Facts.Select(one => (one.Fact.Lane, one.Number, one.Fact.Id.Value))
            .ShouldBe((await Sent()).Select(one => (one.Lane, one.Number, one.Fact)));
        relay.Facts.Select(one => one.Previous)
            .ShouldBe(relay.Facts.Select(one => one.Fact.Id).Cast<FactId?>().Prepend(null).SkipLast(1));
    }

    private DocumentStore WithPublishing(
        int batch = 100, int dieAt = 0, HandOverEntries? handOver = null) => DocumentStore.For(options =>
    {
        LedgerStore.Configure(options, _ledger.Database.Writer, _ledger.Time);
        var publishing = new PublishingEntries(handOver);
        publishing.Options.BatchSize = batch;
        options.Events.Subscribe(publishing);
        if (dieAt > 0) options.Listeners.Add(new Death(dieAt));
    });

    private async Task<List<(int Lane, long Number, Guid Fact, object Message)>> Sent()
    {
        await using var connection = await _ledger.Test.Open(_ledger.Test.Owner);
        await using var command = new NpgsqlCommand(
            "select lane, number, fact_id, wire_name, body from sent_facts order by lane, number", connection);
        await using var rows = await command.ExecuteReaderAsync();
        var sent = new List<(int, long, Guid, object)>();
        while (await rows.ReadAsync())
            sent.Add((rows.GetInt32(0), rows.GetInt64(1), rows.GetGuid(2), ContractsJson.Read(
                WireNames.Find(rows.GetString(3))!, rows.GetFieldValue<byte[]>(4))));
        return sent;
    }

    private sealed class Relay : IRelay
    {
        private readonly ConcurrentQueue<NumberedFact> _facts = new();

        public IReadOnlyList<NumberedFact> Facts => [.. _facts];

        public void HandOver(IReadOnlyList<NumberedFact> facts)
        {
            foreach (var fact in facts) _facts.Enqueue(fact);
        }
    }

    private sealed class Dying() : Exception("The process died.");

    /// <summary>Before the commit of a page: what it wrote is gone, as when the process was killed.</summary>
    private sealed class Death(int at) : DocumentSessionListenerBase
    {
        private int _commits;

        public override Task BeforeCommitAsync(
            IDocumentSession session, Marten.Services.IChangeSet commit, CancellationToken token) =>
            ++_commits == at ? throw new Dying() : Task.CompletedTask;
    }
}
