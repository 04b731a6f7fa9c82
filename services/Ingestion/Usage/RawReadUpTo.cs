using Billing.Contracts;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.Kafka;
using Billing.ServiceDefaults.UsagePath.Relaying;
using Confluent.Kafka;

namespace Billing.Ingestion.Usage;

/// <summary>
/// The moment up to which every partition of both raw topics is read; periods are closed by it.
/// </summary>
public sealed class RawReadUpTo(ServiceDatabase database, KafkaConnection kafka, TimeProvider time)
    : ITideMoment
{
    private static readonly string[] RawTopics = [Topics.RawUsage, Topics.QuotaExceeded];
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(30), Longest = TimeSpan.FromSeconds(2);

    private (DateTimeOffset At, int Partitions)? _known;

    public async Task<DateTimeOffset?> ReadUpTo(string topic, CancellationToken cancellation)
    {
        if (await Task.Run(CountPartitions, cancellation) is not { } partitions) return null;

        await using var ask = database.Writer.CreateCommand(
            "select count(read_up_to), min(read_up_to) from read_partitions where topic = any ($1)");
        ask.Parameters.Add(new() { Value = RawTopics });
        await using var row = await ask.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);

        // A partition that nobody has read yet would be passed over by the minimum.
        return row.GetInt64(0) >= partitions ? row.GetFieldValue<DateTimeOffset>(1) : null;
    }

    private int? CountPartitions()
    {
        if (_known is { } known && time.GetUtcNow() - known.At < Kept) return known.Partitions;

        try
        {
            var found = kafka.Ask(Longest).Topics.Where(topic => RawTopics.Contains(topic.Topic)).ToList();
            if (found.Count != RawTopics.Length) return null;

            _known = (time.GetUtcNow(), found.Sum(topic => topic.Partitions.Count));
            return _known.Value.Partitions;
        }
        catch (KafkaException)
        {
            return null; // not known at the moment, which is what null says
        }
    }
}
