using Billing.ServiceDefaults.UsagePath.Waiting;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>
/// Drains the consumer into the intakes and keeps each of them at work. It polls whatever happens, so that
/// the process stays in its group while a batch is tried again.
/// </summary>
internal sealed partial class ReadLoop(
    PathConsumer consumer, IReadOnlyDictionary<string, TopicIntake> intakes, Inbox pokes, PathWatch watch,
    TimeProvider time, ILogger logger, StopTokens stop)
{
    private static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(100),
        Busy = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan NextIsReady = TimeSpan.FromMilliseconds(5);

    private readonly MakeRoom _room = new(consumer, intakes, logger);
    private readonly LookAtTopics _look = new(consumer, intakes, time, logger);

    /// <summary>Until the service stops, or a topic is not what it was.</summary>
    public void Run()
    {
        while (!stop.Soft.IsCancellationRequested)
        {
            Pump();
            if (_look.FindsAnother()) return;
            if (!_room.IsThere()) continue;

            Drain();
        }
    }

    /// <summary>Gives what is at work time to end.</summary>
    public void End()
    {
        Task.WhenAll(intakes.Values.Select(intake => intake.Ended())).Wait(stop.Hard);
        foreach (var intake in intakes.Values) Store(intake.End());
        _look.End();
    }

    private void Pump()
    {
        var isUrgent = pokes.WasPoked();
        foreach (var intake in intakes.Values) Store(intake.Pump(consumer.EndOf, isUrgent, stop));
    }

    private void Drain()
    {
        var busy = intakes.Values.Where(intake => intake.IsBusy).ToList();
        var resting = intakes.Values.Where(intake => intake is { IsBusy: false, HasNext: true }).ToList();
        var isNextReady = busy.Any(intake => intake.HasNext);
        if (isNextReady) Task.WhenAny(busy.Select(intake => intake.Ended())).Wait(NextIsReady);
        else if (resting.Count > 0) stop.Soft.WaitHandle.WaitOne(resting.Min(intake => intake.Rest));

        var wait = isNextReady || resting.Count > 0 ? TimeSpan.Zero : busy.Count > 0 ? Busy : Idle;
        while (Consume(wait) is { } message)
        {
            var intake = intakes[message.Topic];
            intake.Gather(message);
            if (intake.IsFull) return;

            wait = TimeSpan.Zero;
        }
    }

    private ConsumeResult<byte[], byte[]>? Consume(TimeSpan wait)
    {
        try
        {
            return consumer.Client.Consume(wait);
        }
        catch (ConsumeException refused) when (!refused.Error.IsFatal)
        {
            if (refused.Error.Code is ErrorCode.Local_AutoOffsetReset or ErrorCode.OffsetOutOfRange)
                Restart(refused.ConsumerRecord.TopicPartition);
            else Refused(refused.Error.Code, refused.Error.Reason);
            return null;
        }
    }

    /// <summary>What the position means is gone; numbers or (source, id) sort out what comes.</summary>
    private void Restart(TopicPartition partition)
    {
        Restarts(partition.Topic, partition.Partition);
        intakes[partition.Topic].Work.Restart(partition.Partition);
        // The client has given the partition up, so that it cannot be told where to go on.
        consumer.Client.IncrementalUnassign([partition]);
        consumer.Client.IncrementalAssign([new TopicPartitionOffset(partition, Offset.Beginning)]);
    }

    private void Store(IReadOnlyList<ConsumeResult<byte[], byte[]>> done)
    {
        if (done.Count == 0) return;

        foreach (var last in done.GroupBy(message => message.TopicPartition).Select(group => group.Last()))
            try
            {
                consumer.Client.StoreOffset(new TopicPartitionOffset(last.TopicPartition, last.Offset + 1));
            }
            catch (KafkaException exception)
            {
                // The partition is somebody else's by now, and so is the display of its lag.
                NotStored(last.Topic, last.Partition, exception.Error.Code);
            }

        watch.Reached(Step.OffsetCommitted, done[0].Topic);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Kafka: {Code} {Reason}")]
    private partial void Refused(ErrorCode code, string reason);

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "{Topic} partition {Partition} begins again: position gone")]
    private partial void Restarts(string topic, int partition);

    [LoggerMessage(Level = LogLevel.Debug, Message = "No offset for {Topic} partition {Partition}: {Code}")]
    private partial void NotStored(string topic, int partition, ErrorCode code);
}
