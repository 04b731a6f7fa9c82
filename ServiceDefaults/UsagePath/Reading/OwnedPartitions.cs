using Confluent.Kafka;

namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>A message of a raw topic, on its way into a transaction.</summary>
internal sealed class ReadRaw(ConsumeResult<byte[], byte[]> message, RawMessage raw, OwnedPartition owner)
{
    public ConsumeResult<byte[], byte[]> Message => message;

    public OwnedPartition Owner => owner;

    public string? ParkReason { get; set; }

    public RawMessage Raw => raw;

    public static RawMessage RawOf(ConsumeResult<byte[], byte[]> message)
    {
        var came = message.Message.Headers;
        var headers = came is null or { Count: 0 } ? [] : new KeyValuePair<string, byte[]>[came.Count];
        for (var place = 0; place < headers.Length; place++)
            headers[place] = new(came![place].Key, came[place].GetValueBytes() ?? []);

        return new(
            message.Topic, message.Partition, message.Offset, message.Message.Key ?? [],
            message.Message.Value ?? [], headers,
            new(message.Message.Timestamp.UtcDateTime, TimeSpan.Zero));
    }
}

/// <summary>A partition of a raw topic that this process owns, as far as the database agrees.</summary>
internal sealed class OwnedPartition(int number, long epoch, string topicId, long? next)
{
    public int Number => number;

    public long Epoch => epoch;

    public string TopicId => topicId;

    /// <summary>The offset to read next; null while it is the beginning, wherever that is.</summary>
    public long? Next { get; set; } = next;

    /// <summary>As far as it is committed.</summary>
    public long? Committed { get; set; } = next;
}

/// <summary>
/// The partitions of a raw topic, for two threads: the consumer's gives and takes them away, the batch's
/// reads.
/// </summary>
internal sealed class OwnedPartitions
{
    private readonly Lock _gate = new();
    private readonly Dictionary<int, OwnedPartition> _partitions = [];

    public IReadOnlyList<OwnedPartition> All
    {
        get
        {
            lock (_gate) return [.. _partitions.Values];
        }
    }

    public void Add(OwnedPartition partition)
    {
        lock (_gate) _partitions[partition.Number] = partition;
    }

    public void Remove(int partition)
    {
        lock (_gate) _partitions.Remove(partition);
    }

    public void Restart(int partition)
    {
        lock (_gate)
            if (_partitions.TryGetValue(partition, out var owned))
                (owned.Next, owned.Committed) = (null, null);
    }

    /// <summary>The messages that were not read before.</summary>
    public List<ReadRaw> Read(Bundle bundle)
    {
        var fresh = new List<ReadRaw>(bundle.Messages.Count);
        lock (_gate)
            for (var place = 0; place < bundle.Messages.Count; place++)
            {
                var message = bundle.Messages[place];
                if (!_partitions.TryGetValue(message.Partition, out var owned)) continue;
                if (owned.Next is { } next && message.Offset < next) continue;

                owned.Next = message.Offset + 1;
                fresh.Add(new(
                    message, bundle.Ahead?[place] as RawMessage ?? ReadRaw.RawOf(message), owned));
            }

        return fresh;
    }

    public List<ReadRaw> StillOurs(IReadOnlyList<ReadRaw> messages)
    {
        lock (_gate)
            return [.. messages.Where(message =>
                _partitions.GetValueOrDefault(message.Owner.Number) == message.Owner
                && !(message.Owner.Committed > message.Message.Offset))];
    }

    public void Committed(IReadOnlyList<ReadRaw> messages)
    {
        lock (_gate)
            foreach (var message in messages) message.Owner.Committed = message.Message.Offset + 1;
    }

    /// <summary>The database knows better.</summary>
    /// <returns>The partitions that were lost.</returns>
    public List<int> Correct(IReadOnlyDictionary<int, (long Epoch, long? NextOffset)> rows)
    {
        var lost = new List<int>();
        lock (_gate)
            foreach (var (number, row) in rows)
            {
                if (!_partitions.TryGetValue(number, out var owned)) continue;

                if (owned.Epoch == row.Epoch) owned.Committed = row.NextOffset;
                else
                {
                    lost.Add(number);
                    _partitions.Remove(number);
                }
            }

        return lost;
    }
}
