namespace Billing.ServiceDefaults.UsagePath.Relaying;

/// <summary>What this process publishes at present, and how far it is.</summary>
internal sealed class RelayState(TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();

    /// <summary>Whoever touches anything here, or publishes, holds it.</summary>
    public Lock Gate { get; } = new();

    public Dictionary<string, RelayedTopic> Topics { get; } = [];

    /// <summary>All that is published, in one row.</summary>
    public (RelayLane Lane, RelayedPartition Partition)[] Lanes { get; private set; } = [];

    /// <summary>The broker did not know a partition: their count may be another now.</summary>
    public bool IsPartitionUnknown { get; set; }

    /// <summary>Since the start; no clock can turn it back.</summary>
    public TimeSpan Now => time.GetElapsedTime(_start);

    /// <summary>Nothing is under way, and nothing that is known of waits.</summary>
    public bool IsQuiet()
    {
        lock (Gate)
            return Array.TrueForAll(Lanes, one =>
                one.Lane.IsQuiet && one.Partition is { Tide: null, IsTideUnderWay: false });
    }

    /// <summary>To be called when leases came or went.</summary>
    public void Rearrange() => Lanes =
    [
        .. from topic in Topics.Values
           from lane in topic.Lanes
           where lane is not null
           select (lane, topic.Held[Contracts.Lanes.Partition(lane.Number, topic.Partitions)]),
    ];
}
