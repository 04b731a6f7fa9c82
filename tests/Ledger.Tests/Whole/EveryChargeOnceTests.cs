using Billing.Contracts;
using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.Testbed;
using static Billing.Ledger.Tests.Given;

namespace Billing.Ledger.Tests;

/// <summary>
/// The whole service as a process of its own, killed at one point after the other while it works: every rating
/// is one charge, every entry one message, every close the sum of what is in its period.
/// </summary>
public sealed class EveryChargeOnceTests
{
    private const int Tenants = 12;

    private static readonly TimeSpan Long = TimeSpan.FromMinutes(2);

    private static string[] Points => TestSize.Full
        ?
        [
            "BatchRead 2", "PositionAdvanced 2", "EffectsWritten 2", "EventsDecided 2", "EventsAppended 2",
            "EventsCommitted 2", "PageNumbered 2", "PageCommitted 2", "Published 2", "Acknowledged 2", "Marked 2",
            "OffsetCommitted 2",
        ]
        : ["EventsAppended 2", "EventsCommitted 2", "PageNumbered 2"];

    private static int ASend => TestSize.Full ? 6_000 : 1_200;

    private LedgerDatabase _ledger = null!;
    private EmbeddedBroker _broker = null!;

    [SetUp]
    public async Task Start() => (_ledger, _broker) = (await LedgerDatabase.Create(), await Brokers.StartEmbedded());

    [TearDown]
    public async Task Stop()
    {
        await _broker.DisposeAsync();
        await _ledger.DisposeAsync();
    }

    [Test, CancelAfter(600_000)]
    public async Task killed_at_one_point_after_the_other_it_books_everything_once()
    {
        using var topics = new NumberedTopics(_broker.BootstrapServers);
        var process = new LedgerProcess(_ledger, _broker.BootstrapServers);
        topics.Send(Topics.Catalog, Enumerable.Range(0, Tenants).Select(number => (
            $"sub-{number}", TenantOf(number),
            (object)LedgerDatabase.Set(SubscriptionId.Of($"sub-{number}"), TenantOf(number)))));

        var (sent, next) = (0, 0);
        foreach (var point in Points)
        {
            await using var dying = process.Start(point);
            for (var part = 0; part < 6; part++)
            {
                topics.Send(Topics.Ratings, Uses(next, ASend / 6));
                (sent, next) = (sent + ASend / 6, next + ASend / 6);
                // One batch and one page after the other, so that there is a second one of everything.
                await Eventually.Is(
                    async () => dying.HasExited || await _ledger.Count("sent_facts") >= sent, Long,
                    $"{point}: {sent} entries, or dead: {dying.Said}");
            }

            await Eventually.Is(() => dying.HasExited, Long, $"it dies at {point}: {dying.Said}");
        }

        topics.Send(Topics.Ratings, Enumerable.Range(0, Tenants).Select(Answer));
        await using (var living = process.Start())
        {
            var entries = sent + Tenants;
            await Eventually.Is(
                async () => await _ledger.Count("sent_facts") >= entries, Long,
                $"{entries} entries: {living.Said}");
            await Eventually.Is(
                async () => await _ledger.Test.Ask<long>(
                    _ledger.Test.Owner, "select coalesce(sum(acknowledged), 0)::bigint from relay_marks") == entries,
                Long, $"all published: {living.Said}");
        }

        await Everything(sent);
    }

    private async Task Everything(int uses)
    {
        await _ledger.ShouldAddUp();
        var events = await _ledger.Events();
        events.Count.ShouldBe(uses + Tenants);
        events.Select(stored => stored.Id).Distinct().Count().ShouldBe(events.Count);
        var closes = events.Select(stored => stored.Event).OfType<PeriodClosed>().ToList();
        closes.Sum(close => close.Entries).ShouldBe(uses);
        Amount.Sum(closes.Select(close => close.Sum), Usd).ShouldBe(Amount.From(uses * 0.25m, Usd));
        foreach (var close in closes)
            close.Entries.ShouldBe(events.Count(stored =>
                stored.Event is ChargePosted charge && charge.Tenant == close.Tenant));

        (await _ledger.Count("waiting_facts")).ShouldBe(0);
        (await _ledger.Count("parked_facts")).ShouldBe(0);
        (await _ledger.Count("suspense")).ShouldBe(0);
        (await _ledger.Test.Ask<long>(
            _ledger.Test.Owner, "select sum(last_number)::bigint from sent_lanes")).ShouldBe(uses + Tenants);
        (await _ledger.Test.Ask<long>(
            _ledger.Test.Owner, "select count(distinct fact_id) from sent_facts")).ShouldBe(uses + Tenants);
        (await _ledger.Test.Ask<bool>(
            _ledger.Test.Owner,
            "select bool_and(s.fact_id = e.id) from ("
            + "  select fact_id, row_number() over (partition by key order by number) as place, key from sent_facts) s "
            + "join (select id, split_part(stream_id, '/', 1) as key,"
            + "  row_number() over (partition by split_part(stream_id, '/', 1) order by seq_id) as place"
            + "  from events.mt_events) e using (key, place)")).ShouldBeTrue();
    }

    private static IEnumerable<(string, TenantId, object)> Uses(int from, int count) =>
        Enumerable.Range(from, count).Select(number =>
        {
            var tenant = number % Tenants;
            return ($"use {number}", TenantOf(tenant), (object)LedgerDatabase.Use(
                $"use {number}", "0.25", sub: SubscriptionId.Of($"sub-{tenant}"), tenant: TenantOf(tenant)));
        });

    private static (string, TenantId, object) Answer(int tenant) => (
        $"answer {tenant}", TenantOf(tenant),
        LedgerDatabase.Answer(1) with
        {
            Tenant = TenantOf(tenant),
            Subscription = SubscriptionId.Of($"sub-{tenant}"),
        });

    private static TenantId TenantOf(int number) => TenantId.Of($"tenant-{number}");
}
