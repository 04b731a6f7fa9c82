using Billing.ServiceDefaults.UsagePath;
using Billing.ServiceDefaults.UsagePath.Relaying;
using FsCheck;
using FsCheck.Fluent;

namespace Billing.ServiceDefaults.Tests.UsagePath.Relaying;

/// <summary>What goes out next, whatever comes in and whatever fails.</summary>
internal sealed class RelayLaneTests
{
    private RelayMemory _memory = null!;

    [SetUp]
    public void Empty() => _memory = new(1_000_000, long.MaxValue);

    [Test]
    public void a_later_commit_that_is_handed_over_first_waits_for_the_earlier_one()
    {
        var lane = new RelayLane(0, 0, _memory);

        Take(lane, 3, 4);
        Publish(lane).ShouldBeEmpty();
        lane.Ends(4);
        lane.Missing().ShouldBe((1, 2));

        Take(lane, 1, 2);
        Publish(lane).ShouldBe([1, 2, 3, 4]);
        lane.Missing().ShouldBeNull();
        _memory.Facts.ShouldBe(0);
    }

    [Test]
    public void after_a_start_it_goes_on_behind_the_mark_with_what_only_the_store_has()
    {
        var lane = new RelayLane(0, 10, _memory);
        lane.Ends(25);

        lane.Missing().ShouldBe((11, 25));
        Take(lane, 26);
        lane.Missing().ShouldBe((11, 25));
        Take(lane, 9, 10, 11);
        Publish(lane).ShouldBe([11]);
        lane.Missing().ShouldBe((12, 25));
    }

    [Test]
    public void a_failure_sends_everything_again_that_is_not_acknowledged_and_counts_once()
    {
        var lane = new RelayLane(0, 0, _memory);
        Take(lane, 1, 2, 3, 4, 5);
        Publish(lane);
        lane.Acknowledge(1);

        lane.Fail(round: 0); // 2
        lane.Acknowledge(3); // of the same batch, behind the failure
        lane.Fail(round: 0); // 4

        (lane.Acknowledged, lane.Next, lane.Round).ShouldBe((1, 2, 1));
        lane.Ends(5);
        lane.Missing().ShouldBe((2, 5));
    }

    [Test]
    public void what_arrived_after_all_is_not_sent_again()
    {
        var lane = new RelayLane(0, 0, _memory);
        Take(lane, 1, 2);
        Publish(lane);
        lane.Fail(round: 0);
        Take(lane, 1, 3);
        lane.Acknowledge(1);

        (lane.Acknowledged, lane.Next).ShouldBe((1, 2));
        lane.Ends(3);
        lane.Missing().ShouldBe((2, 2));
        lane.Acknowledge(2);
        Publish(lane).ShouldBe([3]);
        _memory.Facts.ShouldBe(0);
    }

    [FsCheck.NUnit.Property(MaxTest = 300)]
    public Property each_attempt_publishes_in_order_and_everything_arrives() => Prop.ForAll(
        Gen.Choose(0, 99).ListOf(60).ToArbitrary(), steps =>
        {
            const int Last = 12;
            var memory = new RelayMemory(1_000_000, long.MaxValue);
            var lane = new RelayLane(0, 0, memory);
            var underWay = new Queue<(long Number, int Round)>();
            void Send()
            {
                var next = lane.Acknowledged;
                while (lane.TryPeek(out var fact))
                {
                    fact.Number.ShouldBe(lane.Next);
                    underWay.Enqueue((fact.Number, lane.Round));
                    lane.Sent();
                }

                next.ShouldBeLessThanOrEqualTo(lane.Acknowledged);
            }

            void Hear(bool isWell)
            {
                if (!underWay.TryDequeue(out var one)) return;
                if (isWell) lane.Acknowledge(one.Number);
                else lane.Fail(one.Round);
            }

            foreach (var step in steps)
                switch (step % 5)
                {
                    case 0 or 1: Hand(memory, lane, 1 + (step % Last)); break;
                    case 2: Send(); break;
                    case 3: Hear(isWell: step % 10 < 7); break;
                    default: lane.Ends(step % Last); break;
                }

            lane.Ends(Last);
            while (lane.Acknowledged < Last)
            {
                if (lane.Missing() is { } gap)
                    for (var number = gap.From; number <= gap.Through; number++) Hand(memory, lane, number);
                Send();
                Hear(isWell: true);
            }

            return lane.Next == Last + 1 && memory.Facts == 0;
        });

    private void Take(RelayLane lane, params long[] numbers)
    {
        foreach (var number in numbers) Hand(_memory, lane, number);
    }

    private static void Hand(RelayMemory memory, RelayLane lane, long number)
    {
        var fact = new NumberedFact(Sender.Fact(0, (int)number), number, null);
        memory.Hold(fact);
        lane.Take(fact);
    }

    private static List<long> Publish(RelayLane lane)
    {
        var published = new List<long>();
        while (lane.TryPeek(out var fact))
        {
            published.Add(fact.Number);
            lane.Sent();
        }

        return published;
    }
}

/// <summary>What readers ask for: each number once, in bounds.</summary>
internal sealed class ReplayDeskTests
{
    private readonly ReplayDesk _desk = new();

    [Test]
    public void requests_that_overlap_or_touch_become_one()
    {
        _desk.Ask("t", 1, 10, 20);
        _desk.Ask("t", 1, 15, 30);
        _desk.Ask("t", 1, 50, 60);
        _desk.Ask("t", 1, 31, 40);
        _desk.Ask("t", 1, 12, 13);

        All().ShouldBe([("t", 1, 10, 40), ("t", 1, 50, 60)]);
    }

    [Test]
    public void lanes_take_turns_page_by_page()
    {
        _desk.Ask("t", 1, 1, 5);
        _desk.Ask("t", 2, 7, 8);

        All(most: 2).ShouldBe([("t", 1, 1, 2), ("t", 2, 7, 8), ("t", 1, 3, 4), ("t", 1, 5, 5)]);
    }

    [Test]
    public void a_request_is_bounded_and_nonsense_is_not_kept()
    {
        _desk.Ask("t", 1, 1, long.MaxValue);
        _desk.Ask("t", 2, 0, 5);
        _desk.Ask("t", 2, 5, 4);
        _desk.Ask("t", 2, long.MaxValue - 1, long.MaxValue);

        All(5_000).ShouldBe(
            [("t", 1, 1, ReplayDesk.MostNumbers), ("t", 2, long.MaxValue - 1, long.MaxValue)]);
    }

    [Test]
    public void what_is_asked_for_in_many_pieces_stays_bounded()
    {
        for (var from = 1; from < 10_000; from += 10) _desk.Ask("t", 1, from, from + 1);

        All().Count.ShouldBe(16);
    }

    private List<(string, int, long, long)> All(int most = 1_000)
    {
        var all = new List<(string, int, long, long)>();
        while (_desk.TryTake(most, out var topic, out var lane, out var range))
            all.Add((topic, lane, range.From, range.Through));
        return all;
    }
}
