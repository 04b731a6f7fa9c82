using Billing.ServiceDefaults.Kafka;
using Confluent.Kafka;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Billing.ServiceDefaults.UsagePath.Relaying;

/// <summary>
/// Which partitions this process publishes. A lease is in the database and by its clock; where two believe to
/// have one, both publish and readers drop what they have.
/// </summary>
internal sealed partial class RelayLeases(
    RelayState state, RelayStore store, RelayMemory memory, KafkaConnection kafka, ServiceIdentity service,
    IConfiguration configuration, ILogger<RelayLeases> logger)
{
    private static readonly TimeSpan LongestAsking = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan BetweenAsking = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan AfterTrouble = TimeSpan.FromSeconds(2);

    // What a process that died had is published by another after this time.
    private readonly TimeSpan _duration =
        configuration.Optional("Relay:Lease", TimeSpan.FromSeconds(10));

    private TimeSpan _nextAsking;

    /// <summary>Often enough that one failure costs no lease.</summary>
    public TimeSpan BetweenRenewals => _duration * 0.3;

    /// <returns>Whether a partition is new.</returns>
    public async Task<bool> Renew(CancellationToken cancellation)
    {
        await AskForPartitions(cancellation);
        var isNew = false;
        foreach (var topic in state.Topics.Values.Where(topic => topic.Partitions > 0))
        {
            var held = await store.Lease(
                topic.Name, topic.Partitions, service.Instance, _duration, cancellation);
            if (held.ToHashSet().SetEquals(topic.Held.Keys)) continue;

            var ends = await store.Ends([topic.Name], cancellation);
            lock (state.Gate) isNew |= Hold(topic, held, ends);
            Holds(topic.Name, string.Join(", ", held));
        }

        return isNew;
    }

    public Task Release(CancellationToken cancellation) => store.Release(service.Instance, cancellation);

    private bool Hold(RelayedTopic topic, IReadOnlyList<int> held, IReadOnlyList<LaneEnd> ends)
    {
        foreach (var lost in topic.Held.Keys.Except(held).ToList()) Drop(topic, lost);

        var isNew = false;
        foreach (var partition in held.Where(partition => !topic.Held.ContainsKey(partition)))
        {
            isNew = true;
            topic.Held.Add(partition, new(topic.Name, partition));
            foreach (var lane in topic.LanesOf(partition))
                topic.Lanes[lane] = Begin(lane, ends.FirstOrDefault(end => end.Lane == lane));
        }

        state.Rearrange();
        return isNew;
    }

    private RelayLane Begin(int lane, LaneEnd? end)
    {
        var begun = new RelayLane(lane, Math.Min(end?.Acknowledged ?? 0, end?.LastNumber ?? 0), memory);
        begun.Ends(end?.LastNumber ?? 0);
        return begun;
    }

    private static void Drop(RelayedTopic topic, int partition)
    {
        topic.Held.Remove(partition);
        foreach (var lane in topic.LanesOf(partition))
        {
            topic.Lanes[lane]?.Forget();
            topic.Lanes[lane] = null;
        }
    }

    /// <summary>Sometimes, and at once when the broker did not know a partition.</summary>
    private async Task AskForPartitions(CancellationToken cancellation)
    {
        if (state.Now < _nextAsking && !state.IsPartitionUnknown) return;

        _nextAsking = state.Now + AfterTrouble;
        Dictionary<string, int> counts;
        try
        {
            counts = (await Task.Run(() => kafka.Ask(LongestAsking), cancellation))
                .Topics.ToDictionary(topic => topic.Topic, topic => topic.Partitions.Count);
        }
        catch (KafkaException away)
        {
            // The leases stay: nobody else gets further.
            NotAsked(away.Error.Code);
            return;
        }

        lock (state.Gate)
        {
            state.IsPartitionUnknown = false;
            foreach (var topic in state.Topics.Values) Count(topic, counts.GetValueOrDefault(topic.Name));
            state.Rearrange();
        }

        if (state.Topics.Values.All(topic => topic.Partitions > 0)) _nextAsking = state.Now + BetweenAsking;
    }

    private void Count(RelayedTopic topic, int partitions)
    {
        if (topic.Partitions == partitions) return;

        // Every lane may have another partition now.
        foreach (var partition in topic.Held.Keys.ToList()) Drop(topic, partition);
        topic.Partitions = partitions;
        if (partitions == 0) Missing(topic.Name);
        else Counts(topic.Name, partitions);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Publishes {Topic}, partitions {Partitions}")]
    private partial void Holds(string topic, string partitions);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Topic} has {Partitions} partitions")]
    private partial void Counts(string topic, int partitions);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Topic} is not there")]
    private partial void Missing(string topic);

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "Kafka does not say how many partitions there are: {Code}")]
    private partial void NotAsked(ErrorCode code);
}
