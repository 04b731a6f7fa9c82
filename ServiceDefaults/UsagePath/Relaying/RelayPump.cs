using Billing.Contracts;
using Billing.Contracts.Platform;
using Microsoft.Extensions.Logging;

namespace Billing.ServiceDefaults.UsagePath.Relaying;

/// <summary>
/// Publishes what was committed, each lane in the order of its numbers (docs/adr/0005), and hears what the
/// broker says of it. This part needs memory alone; what memory does not have the keeper brings.
/// </summary>
internal sealed partial class RelayPump(
    Relay relay, RelayState state, RelayMemory memory, RelayPublisher publisher,
    RelayTrouble trouble, IEnumerable<IStepWatch> watches, ILogger<RelayPump> logger)
{
    /// <summary>A tide that waits longer than this goes out; a lane of its partition is stuck.</summary>
    private static readonly TimeSpan LongestTideWait = TimeSpan.FromSeconds(10);

    private readonly HashSet<string> _published = [], _acknowledged = [];
    private readonly IStepWatch[] _watches = [.. watches];
    private int _turn;

    /// <summary>With the generation; before anything else.</summary>
    public FactMessages Messages { get; set; } = null!;

    /// <summary>Everything that can be done without the database.</summary>
    public void Advance()
    {
        lock (state.Gate)
        {
            if (publisher.TryStartAgain()) StartAgain();
            Hear();
            Sort();
            Publish();
        }

        Tell(Step.Published, _published);
        Tell(Step.Acknowledged, _acknowledged);
    }

    /// <summary>For a reader that asked; whether it arrives is the reader's to notice.</summary>
    public void PublishAgain(RelayedPartition partition, IReadOnlyList<NumberedFact> facts)
    {
        if (publisher.TryStartAgain()) StartAgain();
        foreach (var fact in facts)
            if (publisher.Publish(partition, Messages.Of(fact), null, fact.Number) is { } refused)
            {
                trouble.Failed(partition, null, 0, refused);
                return;
            }
    }

    /// <summary>From the last acknowledged numbers on, with another producer.</summary>
    private void StartAgain()
    {
        foreach (var (lane, partition) in state.Lanes)
        {
            lane.Fail(lane.Round);
            partition.IsTideUnderWay = false;
        }

        OtherProducer();
    }

    private void Hear()
    {
        while (publisher.TryHear(out var outcome))
        {
            if (outcome.Lane is null && outcome.Number == 0) outcome.To.IsTideUnderWay = false;
            if (outcome.Error.IsError)
                trouble.Failed(outcome.To, outcome.Lane, outcome.Round, outcome.Error);
            else
            {
                outcome.To.Succeeded();
                if (outcome.Lane is null) continue;

                outcome.Lane.Acknowledge(outcome.Number);
                _acknowledged.Add(outcome.To.At.Topic);
            }
        }
    }

    private void Sort()
    {
        while (relay.TryTake(out var facts))
            foreach (var fact in facts)
                if (state.Topics.GetValueOrDefault(fact.Fact.Topic)?.Lanes[fact.Fact.Lane] is { } lane)
                    lane.Take(fact);
                else
                    memory.Release(fact);
    }

    private void Publish()
    {
        for (var turn = 0; turn < state.Lanes.Length; turn++)
        {
            var (lane, partition) = state.Lanes[_turn = (_turn + 1) % state.Lanes.Length];
            while (lane.TryPeek(out var fact) && partition.IsOpen(state.Now))
            {
                if (!publisher.HasRoom()) return;
                if (publisher.Publish(partition, Messages.Of(fact), lane, fact.Number) is { } refused)
                {
                    trouble.Refused(partition, lane, fact, refused);
                    break;
                }

                lane.Sent();
                _published.Add(partition.At.Topic);
            }
        }

        foreach (var topic in state.Topics.Values)
            foreach (var partition in topic.Held.Values)
                if (partition.Tide is { } tide && partition.IsOpen(state.Now) && IsDue(topic, tide))
                    Publish(partition, tide);
    }

    private bool IsDue(RelayedTopic topic, PreparedTide prepared) =>
        state.Now - prepared.At > LongestTideWait
        || prepared.Tide.Lanes.All(
            end => topic.Lanes[end.Lane] is not { } lane || lane.Next > end.LastNumber);

    private void Publish(RelayedPartition partition, PreparedTide prepared)
    {
        partition.Tide = null;
        partition.IsTideUnderWay = true;
        var message = Messages.Tide(
            WireNames.Of(typeof(TideV1)), ContractsJson.Write(prepared.Tide));
        if (publisher.Publish(partition, message, null, 0) is not { } refused) return;

        partition.IsTideUnderWay = false;
        trouble.Failed(partition, null, 0, refused);
    }

    private void Tell(Step step, HashSet<string> topics)
    {
        if (topics.Count == 0) return;

        foreach (var watch in _watches)
            foreach (var topic in topics) watch.Reached(step, topic);
        topics.Clear();
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The producer failed for good; another one goes on from what was acknowledged")]
    private partial void OtherProducer();
}
