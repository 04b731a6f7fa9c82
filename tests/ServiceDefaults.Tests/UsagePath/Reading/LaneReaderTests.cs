using System.Text;
using Billing.Contracts;
using Billing.Contracts.Platform;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;
using Billing.ServiceDefaults.UsagePath.Reading;
using Confluent.Kafka;

namespace Billing.ServiceDefaults.Tests.UsagePath.Reading;

public class LaneReaderTests
{
    private const string G1 = "generation-1", G2 = "generation-2";

    private static readonly LaneState AtFive = new(G1, 5, Id(5));

    [TestCase(1, Verdict.Drop)]
    [TestCase(5, Verdict.Drop)]
    [TestCase(6, Verdict.Take)]
    [TestCase(7, Verdict.Hold)]
    [TestCase(9_000_000_000, Verdict.Hold)]
    public void the_number_decides(long number, Verdict verdict)
    {
        var decision = LaneReader.Decide(AtFive, Header(number));

        decision.Verdict.ShouldBe(verdict);
        decision.Lane.ShouldBe(verdict == Verdict.Take ? new(G1, 6, Id(6)) : AtFive);
    }

    [Test]
    public void the_first_contact_takes_the_generation_and_begins_with_number_one()
    {
        LaneReader.Decide(LaneState.Empty, Header(1)).ShouldBe(new(Verdict.Take, new(G1, 1, Id(1))));
        LaneReader.Decide(LaneState.Empty, Header(3)).ShouldBe(new(Verdict.Hold, new(G1, 0, null)));
    }

    [Test]
    public void what_contradicts_stops_the_lane_and_says_why()
    {
        Stops(Header(6) with { Generation = G2 }, "Generation generation-2 came after generation-1");
        Stops(Header(2) with { Generation = G2 }, "Generation generation-2 came after generation-1");
        Stops(Header(6) with { Previous = Id(4) },
            $"Fact 6 follows fact {Id(4)}, but fact {Id(5)} was taken.");
        Stops(Header(6) with { Previous = null }, "Fact 6 follows nothing");
        Stops(Header(5) with { Id = Id(99) }, $"Number 5 was fact {Id(5)} and is now fact {Id(99)}.");

        static void Stops(FactHeader header, string reason)
        {
            var decision = LaneReader.Decide(AtFive, header);
            decision.Verdict.ShouldBe(Verdict.Stop);
            decision.Lane.StoppedBecause.ShouldNotBeNull().ShouldStartWith(reason);
            (decision.Lane with { StoppedBecause = null }).ShouldBe(AtFive);
        }
    }

    [Test]
    public void a_stopped_lane_takes_nothing()
    {
        var stopped = AtFive with { StoppedBecause = "It does not fit." };

        LaneReader.Decide(stopped, Header(6)).ShouldBe(new(Verdict.Drop, stopped));
        LaneReader.Decide(stopped, G2, new LaneTideV1(0, 1)).ShouldBe(new(TideVerdict.Nothing, stopped));
    }

    [TestCase(5, TideVerdict.Nothing)]
    [TestCase(8, TideVerdict.Missing)]
    [TestCase(4, TideVerdict.Low)]
    public void a_tide_says_where_the_lane_ends(long last, TideVerdict verdict) =>
        LaneReader.Decide(AtFive, G1, new LaneTideV1(0, last, Id(last))).Verdict.ShouldBe(verdict);

    [Test]
    public void a_tide_that_contradicts_stops_the_lane()
    {
        LaneReader.Decide(AtFive, G2, new LaneTideV1(0, 5, Id(5))).Verdict.ShouldBe(TideVerdict.Stop);
        LaneReader.Decide(AtFive, G1, new LaneTideV1(0, 5, Id(6))).Verdict.ShouldBe(TideVerdict.Stop);
    }

    [Test]
    public void a_low_tide_stops_the_lane_when_it_is_the_end_and_stays_so()
    {
        var (lane, now) = (new Lane(0, 1, AtFive), TestService.Start);

        lane.IsLowForLong(TideVerdict.Low, isAtEnd: true, now).ShouldBeFalse();
        lane.IsLowForLong(TideVerdict.Low, isAtEnd: true, now.AddSeconds(4)).ShouldBeFalse();
        lane.IsLowForLong(TideVerdict.Nothing, isAtEnd: true, now.AddSeconds(6)).ShouldBeFalse();
        lane.IsLowForLong(TideVerdict.Low, isAtEnd: false, now.AddSeconds(8)).ShouldBeFalse();
        lane.IsLowForLong(TideVerdict.Low, isAtEnd: true, now.AddSeconds(10)).ShouldBeFalse();
        lane.IsLowForLong(TideVerdict.Low, isAtEnd: true, now.AddSeconds(15)).ShouldBeTrue();
    }

    /// <summary>
    /// Messages come twice, late, in another order or never; what is asked for may be lost as well. In the
    /// end each number was taken once, in its order, however little can be held back.
    /// </summary>
    [FsCheck.NUnit.Property(MaxTest = 300)]
    public void any_mess_takes_each_number_once_and_in_order(int seed)
    {
        var chance = new Random(seed);
        var mess = new Mess(chance, facts: chance.Next(1, 60), holds: chance.Next(1, 12));
        for (var round = 0; !mess.IsWhole; round++)
        {
            round.ShouldBeLessThan(200);
            mess.Round(isLossy: round < 20);
        }

        mess.Taken.ShouldBe(Enumerable.Range(1, mess.Facts).Select(number => (long)number));
    }

    [FsCheck.NUnit.Property(MaxTest = 200)]
    public void nothing_is_held_beyond_the_bounds(int seed)
    {
        var chance = new Random(seed);
        var held = new HoldBack<string>(mostOfLane: 5, mostBytes: 100);
        for (var step = 0; step < 200; step++)
        {
            var (lane, number, bytes) = (chance.Next(3), chance.Next(1, 40), chance.Next(1, 30));
            switch (chance.Next(4))
            {
                case 0: held.TryTake(lane, number, out _); break;
                case 1 when chance.Next(5) == 0: held.Forget(lane); break;
                default: held.Add(lane, number, $"{lane}/{number}", bytes); break;
            }

            held.Bytes.ShouldBeInRange(0, 100);
            held.Count.ShouldBeInRange(0, 15);
        }

        foreach (var lane in (int[])[0, 1, 2]) held.Forget(lane);
        (held.Bytes, held.Count).ShouldBe((0, 0));
    }

    [Test]
    public void the_nearest_numbers_are_held()
    {
        var held = new HoldBack<string>(mostOfLane: 2, mostBytes: 1000);
        foreach (var number in (long[])[9, 8, 5, 7, 6]) held.Add(0, number, $"{number}", 1);

        held.First(0).ShouldBe(5);
        held.TryTake(0, 6, out var six).ShouldBeTrue();
        six.ShouldBe("6");
        held.Count.ShouldBe(0);
    }

    [Test]
    public void what_is_missing_is_asked_for_at_once_then_again_and_in_pieces()
    {
        var now = TestService.Start;
        var gap = Gap.Notice(null, 5_000, now, TimeSpan.Zero);

        var first = Gap.Ask(gap, lastNumber: 10, firstHeld: null, now).ShouldNotBeNull();
        (first.From, first.Through).ShouldBe((11, 2_010));
        Gap.Ask(first.Gap, 10, null, now.AddSeconds(1)).ShouldBeNull();
        Gap.Ask(first.Gap, 10, null, now.AddSeconds(2)).ShouldNotBeNull().From.ShouldBe(11);

        var coming = Gap.Progress(first.Gap, 1_000, now.AddSeconds(1)).ShouldNotBeNull();
        Gap.Ask(coming, 1_000, null, now.AddSeconds(2)).ShouldBeNull();
        var came = Gap.Progress(coming, 2_010, now.AddSeconds(2)).ShouldNotBeNull();
        Gap.Ask(came, 2_010, firstHeld: 2_100, now.AddSeconds(2)).ShouldNotBeNull().Through.ShouldBe(2_099);
        Gap.Progress(came, 5_000, now).ShouldBeNull();
    }

    internal static FactId Id(long number) => new(DerivedId.From("test", $"{number}"));

    internal static FactHeader Header(long number) =>
        new(0, number, G1, Id(number), number > 1 ? Id(number - 1) : null);

    /// <summary>A lane of facts, and a broker that does what it likes with them.</summary>
    private sealed class Mess(Random chance, int facts, int holds)
    {
        private readonly LaneTable _table = Table(holds);
        private readonly Texts _texts = new();
        private readonly List<ConsumeResult<byte[], byte[]>> _underWay = Shuffled(
            chance, [.. Enumerable.Range(1, facts)]);
        private DateTimeOffset _now = TestService.Start;
        private long _offset;

        public int Facts => facts;

        public List<long> Taken { get; } = [];

        public bool IsWhole => _table.Find(0)!.State.LastNumber == facts && _underWay.Count == 0;

        public void Round(bool isLossy)
        {
            var some = _underWay.Take(chance.Next(_underWay.Count + 1)).ToList();
            _underWay.RemoveRange(0, some.Count);
            if (isLossy) some.RemoveAll(_ => chance.Next(4) == 0);
            foreach (var message in some) message.Offset = _offset++;
            if (chance.Next(3) == 0 || !isLossy) some.Add(Tide());
            var plan = ReadBundle.Plan(
                Topics.Usage, new(some, new Dictionary<int, long>()), _table, _texts, _now);
            Taken.AddRange(plan.Taken.Select(fact => fact.Header.Number));
            plan.Stops.ShouldBeEmpty();
            plan.Strays.ShouldBeEmpty();

            _now += TimeSpan.FromMilliseconds(chance.Next(1_500));
            foreach (var (_, from, through) in _table.Asks(_now))
            {
                through.ShouldBeInRange(from, facts);
                if (!isLossy || chance.Next(3) > 0)
                    _underWay.AddRange(Enumerable.Range((int)from,
                        (int)(through - from + 1)).Select(Message));
            }
        }

        private static LaneTable Table(int holds)
        {
            var table = new LaneTable(new(holds, long.MaxValue));
            table.Add(new(0, 1, "id", 0), [new(0, 1, LaneState.Empty)]);
            return table;
        }

        private static List<ConsumeResult<byte[], byte[]>> Shuffled(Random chance, int[] numbers)
        {
            var often = numbers.SelectMany(number => Enumerable.Repeat(number, chance.Next(4))).ToArray();
            if (chance.Next(2) == 0) chance.Shuffle(often);
            return [.. often.Select(Message)];
        }

        private static ConsumeResult<byte[], byte[]> Message(int number)
        {
            var header = Header(number);
            return Result(new()
            {
                { FactHeaders.WireName, Text(WireNames.Of(typeof(UsageAcceptedV1))) },
                { FactHeaders.Lane, Text("0") },
                { FactHeaders.Number, Text($"{number}") },
                { FactHeaders.Generation, Text(header.Generation) },
                { FactHeaders.FactId, Text($"{header.Id}") },
                { FactHeaders.PreviousFactId, Text($"{header.Previous}") },
            }, []);
        }

        private ConsumeResult<byte[], byte[]> Tide() => Result(
            new() { { FactHeaders.WireName, Text(WireNames.Of(typeof(TideV1))) } },
            ContractsJson.Write(new TideV1(Topics.Usage, 0, G1, [new(0, facts, Id(facts))])));

        private static ConsumeResult<byte[], byte[]> Result(Headers headers, byte[] body) => new()
        {
            Topic = Topics.Usage,
            Message = new() { Value = body, Headers = headers },
        };

        private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);
    }
}
