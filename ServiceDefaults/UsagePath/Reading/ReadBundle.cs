using Billing.Contracts.Platform;
using Confluent.Kafka;

namespace Billing.ServiceDefaults.UsagePath.Reading;

using Message = ConsumeResult<byte[], byte[]>;

/// <summary>What the consumer drained at once of one topic.</summary>
/// <param name="Ends">Partition → offset behind its last message, as the broker last said.</param>
internal sealed record Bundle(IReadOnlyList<Message> Messages, IReadOnlyDictionary<int, long> Ends)
{
    /// <summary>What was made of each message while it waited.</summary>
    public IReadOnlyList<object?>? Ahead { get; init; }

    public IEnumerable<int> Partitions => Messages.Select(message => message.Partition.Value).Distinct();

    public bool IsAtEnd(Message message) =>
        message.Offset + 1 >= Ends.GetValueOrDefault(message.Partition, long.MaxValue);
}

/// <summary>What follows from a bundle.</summary>
/// <param name="Strays">Neither fact nor tide.</param>
/// <param name="Stops">Lanes that contradict themselves, as they are after it.</param>
internal sealed record Plan(
    List<ReadFact> Taken, List<ReadPosition> Positions, List<Message> Strays, List<Lane> Stops)
{
    public int Dropped { get; set; }

    public int Held { get; set; }
}

/// <summary>Which facts of a bundle are taken, in which order. Lanes go on as if it were committed.</summary>
internal sealed class ReadBundle(LaneTable table, DateTimeOffset now)
{
    private readonly Plan _plan = new([], [], [], []);

    public static Plan Plan(string topic, Bundle bundle, LaneTable table, Texts texts, DateTimeOffset now)
    {
        var reading = new ReadBundle(table, now);
        for (var place = 0; place < bundle.Messages.Count; place++)
        {
            var message = bundle.Messages[place];
            var read = bundle.Ahead?[place] is NumberedMessage ahead
                ? ahead
                : NumberedMessage.Read(message, texts);
            if (read.Fact is { } fact) reading.On(fact);
            else if (read.Tide is { } tide && tide.Topic == topic) reading.On(tide, bundle.IsAtEnd(message));
            else reading._plan.Strays.Add(message);
            table.Pass(message.Partition, message.Offset);
        }

        reading._plan.Positions.AddRange(bundle.Partitions.Select(table.Position).OfType<ReadPosition>());
        return reading._plan;
    }

    private void On(ReadFact came)
    {
        if (table.Find(came.Header.Lane) is not { } lane)
        {
            _plan.Dropped++;
            return;
        }

        for (var fact = came; fact is not null;)
        {
            var decision = LaneReader.Decide(lane.State, fact.Header);
            lane.State = decision.Lane;
            switch (decision.Verdict)
            {
                case Verdict.Take: Take(lane, fact); break;
                case Verdict.Hold: Hold(lane, fact); return;
                case Verdict.Stop: Stop(lane); return;
                default: _plan.Dropped++; return;
            }

            table.Held.TryTake(lane.Number, lane.State.LastNumber + 1, out fact);
        }
    }

    private void On(TideV1 tide, bool isAtEnd)
    {
        foreach (var end in tide.Lanes)
        {
            if (table.Find(end.Lane) is not { } lane) continue;

            var decision = LaneReader.Decide(lane.State, tide.Generation, end);
            lane.State = decision.Lane;
            if (decision.Verdict == TideVerdict.Missing)
                lane.Gap = Gap.Notice(lane.Gap, end.LastNumber, now, Gap.AfterTide);
            if (lane.IsLowForLong(decision.Verdict, isAtEnd, now))
                lane.State = lane.State with { StoppedBecause = LaneReader.LowTide(lane.State, end) };
            if (decision.Verdict is TideVerdict.Stop or TideVerdict.Low
                && lane.State.StoppedBecause is not null)
                Stop(lane);
            if (decision.Verdict is TideVerdict.Nothing or TideVerdict.Missing)
                lane.Hear(end.LastNumber, end.ReadUpTo);
        }
    }

    private void Take(Lane lane, ReadFact fact)
    {
        fact.Owner = lane;
        _plan.Taken.Add(fact);
        if (lane.Gap is not null) lane.Gap = Gap.Progress(lane.Gap, fact.Header.Number, now);
    }

    private void Hold(Lane lane, ReadFact fact)
    {
        if (table.Held.Add(lane.Number, fact.Header.Number, fact.With(null), fact.Bytes)) _plan.Held++;
        else _plan.Dropped++;
        lane.Gap = Gap.Notice(lane.Gap, fact.Header.Number, now, TimeSpan.Zero);
    }

    private void Stop(Lane lane)
    {
        _plan.Stops.Add(lane);
        table.Held.Forget(lane.Number);
        lane.Gap = null;
    }
}
