using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.Kafka;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>
/// The moment up to which a partition is read: the clock, then the partition's end, and when that is
/// committed everything is in that the broker had at that moment. Quiet partitions go on like this as well.
/// </summary>
internal sealed partial class ReadUpTo(
    string topic, OwnedPartitions partitions, KafkaConnection kafka, ServiceDatabase database,
    TimeProvider time, ILogger<ReadUpTo> logger)
{
    private static readonly TimeSpan BetweenQuestions = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    private readonly Dictionary<int, End> _open = [];
    private Task<IReadOnlyList<End>>? _question;
    private DateTimeOffset _asked;

    public async Task Tend(CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (_question is { IsCompleted: true }) Hear();
        if (_question is null && now - _asked >= BetweenQuestions)
            (_asked, _question) = (now, Ask(partitions.All, now));
        if (_open.Count > 0) await Keep(cancellation);
    }

    /// <summary>The client must not go away while it is asking.</summary>
    public void Settle() => _question?.ContinueWith(_ => { }, TaskScheduler.Default).Wait(Longest);

    private void Hear()
    {
        try
        {
            // One that is not reached yet stays: else a busy partition would never get to a moment.
            foreach (var end in _question!.Result)
                if (_open.GetValueOrDefault(end.Partition)?.TopicId != end.TopicId)
                    _open[end.Partition] = end;
        }
        catch (AggregateException silent) when (
            silent.InnerException is KafkaException or TimeoutException or ObjectDisposedException)
        {
            NoEnds(topic, silent.InnerException.Message);
        }

        _question = null;
    }

    private async Task Keep(CancellationToken cancellation)
    {
        var reached = new List<ReadPosition>();
        foreach (var owned in partitions.All)
            if (_open.TryGetValue(owned.Number, out var end) && end.IsReached(owned))
                reached.Add(new(
                    owned.Number, owned.Epoch, owned.TopicId, owned.Committed ?? end.Offset, end.Moment));
        if (reached.Count == 0) return;

        foreach (var position in reached) _open.Remove(position.Partition);
        try
        {
            await using var batch = database.Writer.CreateBatch();
            batch.BatchCommands.Add(PartitionRows.Advance(topic, reached));
            await batch.ExecuteNonQueryAsync(cancellation);
        }
        catch (NpgsqlException refused)
        {
            // The moment comes later; a partition that is not ours any more gets it from its owner.
            NotKept(topic, refused.Message);
        }
    }

    private async Task<IReadOnlyList<End>> Ask(
        IReadOnlyList<OwnedPartition> asked, DateTimeOffset now)
    {
        if (asked.Count == 0) return [];

        var first = await End(OffsetSpec.Earliest());
        var last = await End(OffsetSpec.Latest());
        var begins = first.ResultInfos.ToDictionary(
            info => info.TopicPartitionOffsetError.Partition.Value,
            info => info.TopicPartitionOffsetError.Offset.Value);
        var topicIds = asked.ToDictionary(partition => partition.Number, partition => partition.TopicId);
        return [.. last.ResultInfos.Select(info => info.TopicPartitionOffsetError).Select(end => new End(
            end.Partition, topicIds[end.Partition], begins[end.Partition], end.Offset, now))];

        // A client that is given up answers nothing any more.
        Task<ListOffsetsResult> End(OffsetSpec spec) => kafka.Admin.ListOffsetsAsync(
            asked.Select(partition => new TopicPartitionOffsetSpec
            {
                TopicPartition = new(topic, partition.Number),
                OffsetSpec = spec,
            }),
            new() { RequestTimeout = Longest }).WaitAsync(2 * Longest, time);
    }

    private sealed record End(int Partition, string TopicId, long First, long Offset, DateTimeOffset Moment)
    {
        /// <summary>Of a partition that holds nothing there is nothing to read.</summary>
        public bool IsReached(OwnedPartition owned) =>
            owned.TopicId == TopicId && Offset <= (owned.Committed ?? First);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Kafka does not say where {Topic} ends: {Why}")]
    private partial void NoEnds(string topic, string why);

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "The moment that {Topic} is read up to is not kept: {Why}")]
    private partial void NotKept(string topic, string why);
}
