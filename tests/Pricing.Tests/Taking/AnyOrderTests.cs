using System.Numerics;
using Billing.Contracts.Catalog;
using Billing.Contracts.Invoices;
using Billing.Contracts.Ratings;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;
using Billing.Pricing.Tests.Rating;
using FsCheck.NUnit;

namespace Billing.Pricing.Tests.Taking;

/// <summary>
/// The promise of rating, through the storage: whatever comes in whatever order and however often, in batches of
/// whatever size, while processes die and others take over, the ratings add up to a recount from scratch.
/// </summary>
[Properties(Arbitrary = [typeof(Stories)])]
public sealed class AnyOrderTests
{
    private const int Count = 40;

    private RatingBench bench = null!;
    private int told, unpriced, merged;

    [OneTimeSetUp]
    public async Task Make() => bench = await RatingBench.Create();

    [OneTimeTearDown]
    public async Task Remove()
    {
        await bench.DisposeAsync();
        told.ShouldBeGreaterThan(Count * 3);
        unpriced.ShouldBeGreaterThan(0);
        merged.ShouldBeGreaterThan(0);
    }

    [Property(MaxTest = Count)]
    public void ratings_add_up_to_the_recount(Story story, int seed) =>
        Play(story, new Random(seed)).GetAwaiter().GetResult();

    private async Task Play(Story story, Random random)
    {
        await bench.Empty();
        var meter = story.Meter;
        await bench.Change([new TenantSetV1(TenantId.Of("t1"), "Tenant", "FR", Given.Decision), meter, .. story.Start]);
        await Merge(random, Rating.Stories.March.Start);
        var (batch, closes) = (new List<object>(), 0);
        foreach (var arrival in Shuffled(story.Arrivals, random))
        {
            switch (arrival)
            {
                case Arrival.Used used: batch.Add(Accepted(used.Use, meter)); break;
                case Arrival.Canceled canceled: batch.Add(Canceled(canceled)); break;
                case Arrival.Changed changed:
                    await Take(batch, random);
                    await bench.Change(changed.Fact);
                    break;
            }

            if (arrival is Arrival.Closed)
            {
                await Take(batch, random);
                await bench.Close(Ask(story, 1 + closes++ / 2));
            }

            if (random.Next(4) == 0) await Take(batch, random);
            if (random.Next(6) == 0) await bench.TakeInbox(1 + random.Next(3));
            if (random.Next(6) == 0) await bench.Sweep();
            if (random.Next(12) == 0) bench.StartAgain();
            if (random.Next(8) == 0)
            {
                bench.Time.Advance(TimeSpan.FromHours(random.Next(100)));
                await bench.Look();
            }

            if (random.Next(20) == 0) await Merge(random, Rating.Stories.March.Start.AddDays(random.Next(31)));
        }

        await Take(batch, random);
        unpriced += (int)await bench.Ask<long>("select count(*) from waiting_facts");
        await bench.Settle();
        bench.Time.Advance(TimeSpan.FromDays(60));
        await bench.Look();
        (await bench.Ask<long>("select count(*) from merge_windows")).ShouldBe(0);
        merged += (int)await bench.Ask<long>("select count(distinct charge_id) from merged_ratings");
        await EachPartIsInItsCharge();

        var amounts = await bench.Amounts();
        told += amounts.Count;
        var sum = amounts.Aggregate(BigInteger.Zero, (sum, amount) => sum + (BigInteger)amount.Trillionths);
        sum.ShouldBe(new RecountOracle(story.Facts, meter, Rating.Stories.March).Total(story.Left, story.IsClosed));
        (await bench.Ask<long>("select count(*) - count(distinct fact_id) from sent_facts")).ShouldBe(0);
    }

    // With any window, and with none, it comes to the same.
    private Task Merge(Random random, DateTimeOffset from) => bench.Change(new MergeWindowSetV1(
        TenantId.Of("t1"), (MergeWindow)random.Next(4), from, Given.Decision));

    private async Task EachPartIsInItsCharge()
    {
        var parts = (await bench.Told()).OfType<MergedRatedV1>().SelectMany(charge => charge.Facts).ToList();
        parts.ShouldBeUnique();
        ((long)parts.Count).ShouldBe(
            await bench.Ask<long>("select count(*) from merged_ratings where charge_id is not null"));
        (await bench.Ask<long>("select count(*) from merged_ratings where charge_id is null")).ShouldBe(0);
    }

    // Its deadline is over, so that it is answered at once.
    private static CloseAskedV1 Ask(Story story, int closeNumber) => new(
        TenantId.Of("t1"), story.Start.OfType<SubscriptionSetV1>().Single().Currency, Rating.Stories.March, closeNumber,
        Given.March.Start, SubscriptionId.Of("s1"));

    private async Task Take(List<object> batch, Random random)
    {
        if (batch.Count == 0) return;

        try
        {
            if (random.Next(8) == 0) await bench.TakeAndDie(batch);
            await bench.Take(batch);
        }
        catch (ServiceDefaults.UsagePath.TryAgainException)
        {
            await bench.Take(batch);
        }

        batch.Clear();
    }

    private static UsageAcceptedV1 Accepted(Billing.Pricing.Rating.Use use, MeterSetV1 meter) => new(
        TenantId.Of("t1"), use.Event, use.Revision, meter.EventType, use.UsedAt, Given.Now, use.Scope,
        use.Dimensions ?? Properties.None, [new(meter.Meter, use.Quantity, use.Distinct)], 1);

    private static UsageCanceledV1 Canceled(Arrival.Canceled canceled) => new(
        TenantId.Of("t1"), canceled.Event, canceled.Revision, new("//test", $"cancel-{canceled.Event.Id}"), Given.Now);

    // Everything at least once, some twice or three times; catalog facts once and in their own order.
    private static List<Arrival> Shuffled(IReadOnlyList<Arrival> arrivals, Random random)
    {
        var several = arrivals.SelectMany(arrival => Enumerable.Repeat(
            arrival, arrival is Arrival.Changed ? 1 : 1 + random.Next(3) / 2 + random.Next(2)));
        var shuffled = several.OrderBy(_ => random.Next()).ToList();
        var changes = new Queue<Arrival>(shuffled.OfType<Arrival.Changed>().OrderBy(change => change.Number));
        return [.. shuffled.Select(arrival => arrival is Arrival.Changed ? changes.Dequeue() : arrival)];
    }
}
