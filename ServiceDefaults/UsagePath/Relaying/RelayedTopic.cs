using Billing.Contracts;
using Billing.Contracts.Platform;
using Confluent.Kafka;

namespace Billing.ServiceDefaults.UsagePath.Relaying;

/// <summary>A topic of this service, and what of it this process publishes at present.</summary>
internal sealed class RelayedTopic(string name)
{
    public string Name => name;

    /// <summary>The catalog has one order for all, and so one lane.</summary>
    public int LaneCount { get; } =
        Topics.All.First(topic => topic.Name == name).Key == TopicKey.CatalogId ? 1 : Topics.LaneCount;

    /// <summary>As the broker says; 0 until it did.</summary>
    public int Partitions { get; set; }

    /// <summary>By number; those of partitions that others publish are null.</summary>
    public RelayLane?[] Lanes { get; } = new RelayLane?[Contracts.Lanes.Count];

    /// <summary>Those whose lease this process has.</summary>
    public Dictionary<int, RelayedPartition> Held { get; } = [];

    /// <summary>Null where another process publishes it.</summary>
    public RelayedPartition? PartitionOf(int lane) =>
        Partitions > 0 ? Held.GetValueOrDefault(Contracts.Lanes.Partition(lane, Partitions)) : null;

    public IEnumerable<int> LanesOf(int partition) => Enumerable.Range(0, LaneCount)
        .Where(lane => Contracts.Lanes.Partition(lane, Partitions) == partition);
}

/// <summary>A partition that this process publishes.</summary>
internal sealed class RelayedPartition(string topic, int number)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private TimeSpan _pause = FirstPause;
    private TimeSpan _closedUntil;

    public TopicPartition At { get; } = new(topic, number);

    /// <summary>Waits until what it speaks of is on its way.</summary>
    public PreparedTide? Tide { get; set; }

    /// <summary>A tide is on its way; there is never a second one, which might be late.</summary>
    public bool IsTideUnderWay { get; set; }

    public bool IsOpen(TimeSpan now) => now >= _closedUntil;

    public void Succeeded() => _pause = FirstPause;

    /// <summary>Nothing is published for a while, which doubles with each failure.</summary>
    /// <returns>False while it is closed already.</returns>
    public bool TryClose(TimeSpan now)
    {
        if (!IsOpen(now)) return false;

        _closedUntil = now + _pause;
        _pause = TimeSpan.FromTicks(Math.Min(_pause.Ticks * 2, LongestPause.Ticks));
        return true;
    }
}

/// <summary>A tide that waits for the facts that it speaks of to go first.</summary>
/// <param name="At">When it was made, on the relay's clock.</param>
internal sealed record PreparedTide(TideV1 Tide, TimeSpan At);
