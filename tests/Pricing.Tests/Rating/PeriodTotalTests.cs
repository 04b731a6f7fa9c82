using System.Numerics;
using System.Text.Json;
using Billing.Contracts;
using Billing.Contracts.Catalog;
using Billing.Pricing.Rating;
using Billing.Testbed;
using FsCheck.Fluent;
using FsCheck.NUnit;

namespace Billing.Pricing.Tests.Rating;

/// <summary>
/// The promise of rating: whatever comes in whatever order, however often, the ratings add up to what a recount from
/// scratch gives.
/// </summary>
[Properties(Arbitrary = [typeof(Stories)])]
public class PeriodTotalTests
{
    [Property(MaxTest = 600)]
    public void ratings_in_order_add_up_to_the_recount(Story story) => Play(story, story.Arrivals).ShouldBe(Recount(story));

    [Property(MaxTest = 400)]
    public void ratings_in_any_order_and_number_add_up_to_the_recount(Story story, int seed)
    {
        var expected = Recount(story);

        foreach (var turn in Enumerable.Range(0, TestSize.Of(3, 30)))
            Play(story, Shuffled(story.Arrivals, new Random(unchecked(seed + turn)))).ShouldBe(expected);
    }

    [Property(MaxTest = 150)]
    public void a_state_that_was_stored_goes_on_as_if_it_had_not_been(Story story, int seed) =>
        Play(story, Shuffled(story.Arrivals, new Random(seed)), tally => JsonSerializer.Deserialize<Tally>(
            JsonSerializer.Serialize(tally, ContractsJson.Options), ContractsJson.Options)!).ShouldBe(Recount(story));

    [Test]
    public void the_stories_reach_what_they_are_told_for()
    {
        var told = Stories.ForStory().Generator.Sample(1_000).Select(story => (story, total: Recount(story))).ToList();

        foreach (var aggregation in Enum.GetValues<Aggregation>())
            told.Count(one => one.story.Meter.Aggregation == aggregation && one.total > 0).ShouldBeGreaterThan(20);
        told.Count(one => one.total == 0).ShouldBeLessThan(600);
        told.Count(one => one.story.IsClosed).ShouldBeGreaterThan(50);
        told.Count(one => one.story.Facts.OfType<OverageSourceSetV1>().Any()).ShouldBeGreaterThan(50);
        told.Count(one => one.story.Facts.OfType<TenantAllowanceSetV1>().Any()).ShouldBeGreaterThan(50);
        told.Count(one => one.story.Facts.OfType<PriceRulePublishedV1>().Any(rule => rule.Where is not null)).ShouldBeGreaterThan(50);
    }

    private static BigInteger Recount(Story story) =>
        new RecountOracle(story.Facts, story.Meter, Stories.March).Total(story.Left, story.IsClosed);

    private static BigInteger Play(Story story, IEnumerable<Arrival> arrivals, Func<Tally, Tally>? store = null)
    {
        var world = new World(story.Start, story.Meter, Stories.March) { Stored = store ?? (tally => tally) };
        foreach (var arrival in arrivals) world.Take(arrival);
        return (BigInteger)world.Tally.Total.Trillionths;
    }

    // Everything at least once, some twice or three times; catalog facts in their own order.
    private static List<Arrival> Shuffled(IReadOnlyList<Arrival> arrivals, Random random)
    {
        var several = arrivals.SelectMany(arrival => Enumerable.Repeat(arrival, 1 + random.Next(3) / 2 + random.Next(2)));
        var shuffled = several.OrderBy(_ => random.Next()).ToList();
        var changes = new Queue<Arrival>(shuffled.OfType<Arrival.Changed>().OrderBy(change => change.Number));
        return [.. shuffled.Select(arrival => arrival is Arrival.Changed ? changes.Dequeue() : arrival)];
    }
}
