using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.UsagePath.Parking;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>Messages of a raw topic become effects; the position goes on in the same transaction.</summary>
internal sealed partial class TakeRaw(
    IRawHandler handler, OwnedPartitions partitions, OpenBatch open, ServiceDatabase database,
    PathWatch watch, TimeProvider time, ILogger logger) : IBatchWork<ReadRaw>
{
    public string Topic => handler.Topic;

    public List<ReadRaw> StillOurs(IReadOnlyList<ReadRaw> messages) => partitions.StillOurs(messages);

    public RawMessage Read(ConsumeResult<byte[], byte[]> message)
    {
        var raw = ReadRaw.RawOf(message);
        try
        {
            return raw with { Reading = handler.Read(raw) };
        }
#pragma warning disable CA1031 // In its turn the handler meets the same again, and there it is the message's.
        catch (Exception)
#pragma warning restore CA1031
        {
            return raw;
        }
    }

    public async Task<bool> Try(List<ReadRaw> messages, bool isLast, CancellationToken cancellation)
    {
        await using var transaction = await open(cancellation);
        await using (var advance = new NpgsqlBatch(transaction.Connection))
        {
            advance.BatchCommands.Add(PartitionRows.Advance(Topic, Positions(messages)));
            await advance.ExecuteNonQueryAsync(cancellation);
        }

        watch.Reached(Step.PositionAdvanced, Topic);
        var batch = new RawBatch(
            [.. messages.Where(message => message.ParkReason is null).Select(message => message.Raw)],
            transaction, time.GetUtcNow());
        if (batch.Messages.Count > 0) await handler.Apply(batch, cancellation);

        await ParkedRows.Insert(
            transaction.Connection,
            [.. messages.Where(message => message.ParkReason is not null).Select(
                message => StrayMessages.Row(message.Message, message.ParkReason!))
                .DistinctBy(row => row.Key)],
            batch.Now, cancellation);
        if (watch.IsWatched) await transaction.WriteNow(cancellation);
        watch.Reached(Step.EffectsWritten, Topic);
        await transaction.Commit(cancellation);
        partitions.Committed(messages);
        return true;
    }

    public async Task Correct(List<ReadRaw> messages, CancellationToken cancellation)
    {
        var numbers = messages.Select(message => message.Owner.Number).Distinct().ToArray();
        var lost = partitions.Correct(
            await PartitionRows.Read(database.Writer, Topic, numbers, cancellation));
        if (lost.Count > 0) Lost(Topic, string.Join(' ', lost));
    }

    public void Park(ReadRaw message, string reason) => message.ParkReason = reason;

    private static List<ReadPosition> Positions(List<ReadRaw> messages)
    {
        // Each partition's messages are in their order, so the last seen is the last.
        var last = new Dictionary<int, ReadRaw>();
        foreach (var message in messages) last[message.Owner.Number] = message;
        return [.. last.Values.Select(message => new ReadPosition(
            message.Owner.Number, message.Owner.Epoch, message.Owner.TopicId, message.Message.Offset + 1))];
    }

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "Partitions of {Topic} have another owner now: {Partitions}")]
    private partial void Lost(string topic, string partitions);
}
