using System.Diagnostics;
using System.Text;
using Billing.Contracts;
using Confluent.Kafka;

namespace Billing.Bench.EndToEnd;

/// <summary>
/// When events left each service, by the time stamps that its producer gave them: of which hops a latency is
/// made.
/// </summary>
internal sealed class Hops(Installation bench)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    private readonly DateTime _began = DateTime.UtcNow;
    private readonly long _beganAt = Stopwatch.GetTimestamp();

    /// <summary>From when an event was due until its fact was given to the broker.</summary>
    public List<double> Until(string topic, Dictionary<Guid, long> due)
    {
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(new ConsumerConfig
        {
            BootstrapServers = bench.BootstrapServers,
            GroupId = "bench",
            EnableAutoCommit = false,
        }).Build();
        var latencies = new List<double>(due.Count);
        foreach (var partition in Enumerable.Range(0, Topics.Partitions))
        {
            var place = new TopicPartition(topic, partition);
            var from = consumer.OffsetsForTimes([new(place, new Timestamp(_began))], Longest).Single().Offset;
            var end = consumer.QueryWatermarkOffsets(place, Longest).High;
            if (from.IsSpecial || from >= end) continue;

            consumer.Assign(new TopicPartitionOffset(place, from));
            for (var at = from.Value; at < end.Value;)
            {
                var read = consumer.Consume(Longest) ?? throw new BenchFailed($"{topic} cannot be read.");
                at = read.Offset + 1;
                if (IdOf(read.Message) is { } id && due.TryGetValue(id, out var moment))
                    latencies.Add(Since(moment, read.Message.Timestamp.UtcDateTime));
            }
        }

        latencies.Sort();
        return latencies;
    }

    /// <summary>In milliseconds, from a time stamp of the stopwatch to a moment of the clock.</summary>
    public double Since(long stopwatch, DateTime moment) =>
        (moment - _began).TotalMilliseconds - Stopwatch.GetElapsedTime(_beganAt, stopwatch).TotalMilliseconds;

    private static Guid? IdOf(Message<Ignore, byte[]> message) =>
        message.Headers.TryGetLastBytes(FactHeaders.FactId, out var id)
            ? Guid.Parse(Encoding.UTF8.GetString(id))
            : null;
}
