using Billing.ServiceDefaults.Database;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>
/// Reads a raw topic from its stored position; from the beginning when that means nothing any more. The same
/// message may come again, and is never skipped.
/// </summary>
internal sealed class RawTopic(
    OwnedPartitions partitions, TakeRaw take, ReadUpTo readUpTo, ServiceDatabase database, PathWatch watch,
    TimeProvider time, ILogger<RawTopic> logger) : ITopicWork
{
    private const int FewMessages = 500;

    public string Topic => take.Topic;

    public async Task<IReadOnlyDictionary<int, Offset>> TakeOver(
        IReadOnlyList<int> numbers, TopicIdentity topic, CancellationToken cancellation)
    {
        await using var connection = await database.Writer.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var taken = new List<OwnedPartition>();
        foreach (var partition in numbers.Order())
        {
            var (epoch, next) = await PartitionRows.TakeOver(
                connection, Topic, partition, topic.Id, cancellation);
            taken.Add(new(partition, epoch, topic.Id, next));
        }

        await transaction.CommitAsync(cancellation);
        foreach (var partition in taken) partitions.Add(partition);
        return taken.ToDictionary(
            partition => partition.Number,
            partition => partition.Next is { } next ? new Offset(next) : Offset.Beginning);
    }

    public void Release(IReadOnlyList<int> numbers)
    {
        foreach (var partition in numbers) partitions.Remove(partition);
        if (partitions.All.Count == 0) readUpTo.Settle();
    }

    public void Restart(int partition) => partitions.Restart(partition);

    public object Read(ConsumeResult<byte[], byte[]> message) => take.Read(message);

    public async Task Apply(Bundle bundle, StopTokens stop)
    {
        watch.Reached(Step.BatchRead, Topic);
        var fresh = partitions.Read(bundle);
        PathMetrics.Read(Topic, fresh.Count, bundle.Messages.Count - fresh.Count, held: 0);
        await Task.WhenAll(Parts(fresh).Select(part => Task.Run(
            () => new TakeInPieces<ReadRaw>(take, time, logger).Take(part, stop), CancellationToken.None)));
    }

    /// <summary>
    /// Of many messages two transactions, each with partitions of its own: while one waits for the other's
    /// lanes, or for the disk, its processor has something to do.
    /// </summary>
    private static IEnumerable<List<ReadRaw>> Parts(List<ReadRaw> fresh)
    {
        if (fresh.Count < FewMessages) return fresh.Count > 0 ? [fresh] : [];

        List<ReadRaw> one = [], other = [];
        foreach (var partition in fresh.GroupBy(message => message.Owner.Number)
            .OrderByDescending(partition => partition.Count()))
            (one.Count <= other.Count ? one : other).AddRange(partition);
        return other.Count > 0 ? [one, other] : [one];
    }

    public Task Tend(bool isUrgent, StopTokens stop) => readUpTo.Tend(stop.Hard);
}
