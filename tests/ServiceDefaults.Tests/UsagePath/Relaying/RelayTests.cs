using Billing.Contracts;
using Billing.ServiceDefaults.UsagePath;
using Billing.ServiceDefaults.UsagePath.Relaying;
using Billing.Testbed;
using Microsoft.Extensions.DependencyInjection;

namespace Billing.ServiceDefaults.Tests.UsagePath.Relaying;

/// <summary>From a commit to the broker, whatever dies in between.</summary>
[TestFixtureSource(typeof(Brokers), nameof(Brokers.All))]
internal sealed class RelayTests(BrokerKind kind) : RelayFixture
{
    private static readonly DateTimeOffset Moment = new(2026, 3, 14, 11, 59, 58, TimeSpan.Zero);

    [OneTimeSetUp]
    public async Task Prepare() => await MakeTopics(Broker = await Brokers.Shared(kind));

    [Test]
    public async Task what_is_committed_is_published_marked_and_told_in_tides()
    {
        await using var sender = await Run(services => services.AddSingleton<ITideMoment>(new Known(Moment)));
        using var reader = Read();
        for (var batch = 0; batch < 10; batch++) await sender.Send(Facts(batch * 70, 70));

        // Of each partition: a tide comes behind the facts of its own partition only.
        await reader.Until(() => reader.Tides.Where(tide => tide.Lanes.Any(lane => lane.LastNumber == 100))
            .Select(tide => tide.Partition).Distinct().Count() >= 7);

        reader.Facts.Count.ShouldBe(700);
        reader.ShouldBeWhole(700);
        reader.Facts.ShouldAllBe(fact => fact.Partition == fact.Lane);
        reader.Facts.ShouldAllBe(fact =>
            fact.WireName == "billing.test.v1" && fact.Key == $"tenant-{fact.Lane}");
        foreach (var tide in reader.Tides)
        {
            (tide.Topic, tide.Generation).ShouldBe((Sender.Topic, Generation));
            tide.Lanes.Select(lane => lane.Lane).ShouldBe(
                Enumerable.Range(0, Lanes.Count).Where(lane => Lanes.Partition(lane, 8) == tide.Partition));
            tide.Lanes.ShouldAllBe(lane => lane.ReadUpTo == Moment);
            foreach (var lane in tide.Lanes)
                lane.LastFact.ShouldBe(reader.Facts.SingleOrDefault(
                    fact => fact.Lane == lane.Lane && fact.Number == lane.LastNumber)?.Id);
        }

        await Marked(700);
    }

    [Test]
    public async Task a_graceful_stop_publishes_the_rest_marks_it_and_gives_the_leases_back()
    {
        var sender = await Run();
        await Eventually.Is(async () => await Leases() == 8);
        // The leases are in the database before the relay knows that they are its own.
        await Eventually.Is(() => sender.Get<RelayState>().Lanes.Length > 0);
        await sender.Send(Facts(0, 3_000));
        await sender.DisposeAsync();

        (await Marked()).ShouldBe(3_000);
        (await Leases()).ShouldBe(0);
        await using var next = await Run();
        using var reader = Read();
        await reader.Until(() => reader.Tides.Count >= 8 && reader.Facts.Count >= 3_000);
        reader.Facts.Count.ShouldBe(3_000); // none twice
        reader.ShouldBeWhole(3_000);
    }

    [TestCase(Step.FactsNumbered)]
    [TestCase(Step.Committed)]
    [TestCase(Step.Published)]
    [TestCase(Step.Acknowledged)]
    [TestCase(Step.Marked)]
    public async Task a_death_at_any_step_loses_nothing_and_invents_nothing(Step step)
    {
        var watch = new DieAt(step, time: 3);
        var dying = await Run(services => services.AddSingleton<IStepWatch>(watch));
        using var reader = Read();
        var sent = 0;
        while (!watch.IsDead)
        {
            try
            {
                await dying.Send(Facts(sent++ * 20, 20));
            }
            catch (InvalidOperationException)
            {
                break; // before or just behind the commit
            }

            if (step is not (Step.FactsNumbered or Step.Committed)) await Marking(dying, watch);
        }

        await dying.Kill();
        await Release();
        await using var next = await Run();
        await next.Send(Facts(sent * 20, 20));

        var stored = await Database.Ask<long>(Database.Writer, "select count(*) from sent_facts");
        stored.ShouldBe((sent + (step == Step.FactsNumbered ? 0 : 1)) * 20);
        await Marked(stored);
        await reader.Until(() => reader.Count >= stored);
        reader.ShouldBeWhole(stored);
    }

    [Test]
    public async Task two_relays_at_once_do_no_harm()
    {
        await using var first = await Run();
        await Eventually.Is(async () => await Leases() == 8);
        await Database.Do(Database.Writer, "delete from relay_leases");
        await using var second = await Run();
        await Eventually.Is(() => second.Get<RelayState>().Lanes.Length > 0);
        using var reader = Read();
        using var ended = new CancellationTokenSource();
        var growing = MarksOnlyGrow(ended.Token);

        var sent = 0;
        do
        {
            // Whoever renews first has them; the other one finds out at its own next beat, and publishes till then.
            await Database.Do(Database.Writer, "delete from relay_leases");
            for (var batch = 0; batch < 40; batch++, sent += 50)
                await (batch % 3 == 0 ? second : first).Send(Facts(sent, 50));

            await Marked(sent);
            await reader.Until(() => reader.Count >= sent);
            reader.Drain();
        }
        while (reader.Facts.Count == sent && sent < 100_000);

        reader.ShouldBeWhole(sent);
        reader.Facts.Count.ShouldBeGreaterThan(sent, "both publish");
        await ended.CancelAsync();
        await growing;
    }

    [Test]
    public async Task what_readers_miss_is_published_again_from_the_store()
    {
        await using var sender = await Run();
        await sender.Send(Facts(0, 700));
        await Marked(700);
        using var reader = Read();
        await reader.Until(() => reader.Facts.Count >= 700);

        await Eventually.Is(async () =>
        {
            await Ask(
                new("pricing", Sender.Topic, 3, Generation, 11, 20),
                new("ledger", Sender.Topic, 3, Generation, 15, 30),
                new("pricing", Sender.Topic, 4, Generation, 99, 5_000), // only up to the last
                new("pricing", Sender.Topic, 5, "another", 1, 10),
                new("pricing", Topics.Ratings, 5, Generation, 1, 10),
                new("pricing", Sender.Topic, 64, Generation, 1, 10));
            reader.Drain();
            return reader.Facts.Skip(700).Select(fact => (fact.Lane, fact.Number)).Distinct().Count() >= 22;
        });
        reader.Drain();

        var again = reader.Facts.Skip(700).Select(fact => (fact.Lane, fact.Number)).ToHashSet();
        again.ShouldBe(
            Enumerable.Range(11, 20).Select(number => (3, (long)number)).Append((4, 99)).Append((4, 100)),
            ignoreOrder: true);
        reader.ShouldBeWhole(700);
    }

    private Task<long> Leases() => Database.Ask<long>(Database.Writer, "select count(*) from relay_leases");

    private async Task Marking(Sender sender, DieAt watch)
    {
        var all = await Database.Ask<long>(
            Database.Writer, "select sum(last_number)::bigint from sent_lanes");
        await Eventually.Is(async () => watch.IsDead || await Marked() == all);
    }

    private async Task MarksOnlyGrow(CancellationToken cancellation)
    {
        var last = 0L;
        while (!cancellation.IsCancellationRequested)
        {
            var now = await Marked();
            now.ShouldBeGreaterThanOrEqualTo(last);
            last = now;
        }
    }

    private sealed class Known(DateTimeOffset moment) : ITideMoment
    {
        public Task<DateTimeOffset?> ReadUpTo(string topic, CancellationToken cancellation) =>
            Task.FromResult<DateTimeOffset?>(moment);
    }
}
