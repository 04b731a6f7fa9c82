using System.Text.Json;
using Billing.Contracts;
using Billing.Contracts.Platform;
using Billing.ServiceDefaults.Kafka;
using Confluent.Kafka;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Billing.ServiceDefaults.UsagePath.Relaying;

/// <summary>
/// Reads what readers of this service's topics miss. Without a group and from the end: whoever still misses
/// something asks again.
/// </summary>
internal sealed partial class ReplayRequests(
    IConfiguration configuration, ServiceIdentity service, RelayState state, ReplayDesk desk,
    ILogger<ReplayRequests> logger)
{
    private static readonly TimeSpan Wait = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    /// <summary>Blocks a thread of its own until it is cancelled.</summary>
    public Task Read(string generation, CancellationToken cancellation) => Task.Factory.StartNew(
        () => Loop(generation, cancellation), cancellation, TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    private void Loop(string generation, CancellationToken cancellation)
    {
        var settings = KafkaSettings.Consumer(configuration, service.Name);
        settings.GroupId = $"{service.Name}-replay-requests"; // has to be named, and nothing is kept under it
        settings.AutoOffsetReset = AutoOffsetReset.Latest;
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(settings)
            .SetLogHandler((_, _) => { })
            .SetErrorHandler((_, error) => Troubled(error.Code))
            .Build();
        var isAssigned = false;
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                if (!isAssigned) consumer.Assign(End(consumer));
                isAssigned = true;
                if (consumer.Consume(Wait) is { Message: { } message }) Take(message.Value, generation);
            }
            catch (KafkaException exception)
            {
                Troubled(exception.Error.Code);
                // The topic may have been made again, with other partitions.
                isAssigned = false;
                cancellation.WaitHandle.WaitOne(Wait);
            }
        }
    }

    private static List<TopicPartitionOffset> End(IConsumer<Ignore, byte[]> consumer)
    {
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        var topic = admin.GetMetadata(Topics.ReplayRequests, Longest).Topics.Single();
        if (topic.Error.IsError) throw new KafkaException(topic.Error);

        return [.. topic.Partitions.Select(partition =>
            new TopicPartitionOffset(topic.Topic, partition.PartitionId, Offset.End))];
    }

    private void Take(byte[]? body, string generation)
    {
        ReplayRequestV1 request;
        try
        {
            request = ContractsJson.Read<ReplayRequestV1>(body);
        }
        catch (JsonException)
        {
            Unreadable();
            return;
        }

        if (request.Generation != generation) return;

        lock (state.Gate)
            if (!state.Topics.TryGetValue(request.Topic, out var topic)
                || request.Lane < 0 || request.Lane >= topic.LaneCount
                || topic.Lanes[request.Lane] is null) return;

        desk.Ask(request.Topic, request.Lane, request.From, request.Through);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Replay requests cannot be read from Kafka: {Code}")]
    private partial void Troubled(ErrorCode code);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A replay request is unreadable and is not answered")]
    private partial void Unreadable();
}
