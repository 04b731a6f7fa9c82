using Billing.Contracts.Platform;

namespace Billing.ServiceDefaults.UsagePath.Relaying;

/// <summary>
/// A service that knows up to which moment everything has been read says so in its tides, for whoever closes.
/// </summary>
public interface ITideMoment
{
    /// <summary>
    /// Whatever the broker of <paramref name="topic"/>'s sources had by this moment is in the store, with its
    /// number; null while that is not known.
    /// </summary>
    Task<DateTimeOffset?> ReadUpTo(string topic, CancellationToken cancellation);
}

/// <summary>Prepares, for each partition that this process publishes, what its tide says.</summary>
internal sealed class Tides(RelayState state, RelayStore store, Signal news, IEnumerable<ITideMoment> moments)
{
    private readonly ITideMoment? _moment = moments.FirstOrDefault();

    public async Task Prepare(string generation, CancellationToken cancellation)
    {
        foreach (var topic in state.Topics.Values.Where(topic => topic.Held.Count > 0))
        {
            // The moment before the numbers: what was read by then has one of them.
            var moment = _moment is null ? null : await _moment.ReadUpTo(topic.Name, cancellation);
            var ends = (await store.Ends([topic.Name], cancellation)).ToDictionary(end => end.Lane);
            lock (state.Gate)
                foreach (var partition in topic.Held.Values)
                    if (partition is { Tide: null, IsTideUnderWay: false })
                        partition.Tide = new(Tide(topic, partition, generation, ends, moment), state.Now);
        }

        news.Set();
    }

    private static TideV1 Tide(
        RelayedTopic topic, RelayedPartition partition, string generation,
        Dictionary<int, LaneEnd> ends, DateTimeOffset? moment)
    {
        var number = partition.At.Partition.Value;
        return new(topic.Name, number, generation, [.. topic.LanesOf(number).Select(lane =>
            ends.TryGetValue(lane, out var end)
                ? new LaneTideV1(lane, end.LastNumber, end.LastFact, moment)
                : new LaneTideV1(lane, 0, null, moment))]);
    }
}
