using Billing.ServiceDefaults.Kafka;
using Confluent.Kafka;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>
/// The process's one consumer: who owns what is the broker's to say and the database's to confirm. Where each
/// partition begins comes from the database before the first message is fetched.
/// </summary>
internal sealed partial class PathConsumer : IDisposable
{
    private static readonly TimeSpan LongestTakeOver = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestBatch = TimeSpan.FromSeconds(5);

    private readonly IReadOnlyDictionary<string, TopicIntake> _intakes;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly StopTokens _stop;

    public PathConsumer(
        IConfiguration configuration, ServiceIdentity service,
        IReadOnlyDictionary<string, TopicIntake> intakes, TimeProvider time, ILogger logger, StopTokens stop)
    {
        (_intakes, _time, _logger, _stop) = (intakes, time, logger, stop);
        var settings = KafkaSettings.Consumer(configuration, service.Name);
        settings.GroupId = configuration.Optional("Kafka:Group", service.Name);
        settings.PartitionAssignmentStrategy = PartitionAssignmentStrategy.CooperativeSticky;
        // A process that died is missed by the others after this time.
        settings.SessionTimeoutMs = configuration.Optional("Kafka:SessionTimeoutMs", 10_000);
        settings.HeartbeatIntervalMs = settings.SessionTimeoutMs / 5;
        // Only what is stored after a commit of ours goes to the broker, and only for showing the lag.
        settings.EnableAutoCommit = true;
        settings.AutoCommitIntervalMs = 2_000;
        Client = new ConsumerBuilder<byte[], byte[]>(settings)
            .SetPartitionsAssignedHandler((_, partitions) => Assigned(partitions))
            .SetPartitionsRevokedHandler((_, partitions) => Revoked(partitions))
            .SetPartitionsLostHandler((_, partitions) => Release(partitions))
            .SetLogHandler((_, _) => { }) // the error handler says what matters
            .SetErrorHandler((_, error) => Failed(error.Code, error.Reason))
            .Build();
        Client.Subscribe(intakes.Keys);
    }

    public IConsumer<byte[], byte[]> Client { get; }

    /// <summary>What the topics were when their partitions were taken over.</summary>
    public Dictionary<string, TopicIdentity> Known { get; } = [];

    /// <summary>What has changed since the last look.</summary>
    public bool HasNewPartitions { get; set; }

    public Task<IReadOnlyDictionary<string, TopicIdentity>> Ask() =>
        TopicIdentities.Ask(Client.Handle, [.. _intakes.Keys]);

    public IEnumerable<TopicPartition> PartitionsOf(string topic) =>
        Client.Assignment.Where(partition => partition.Topic == topic);

    /// <summary>Offset behind the last message, as the broker last said.</summary>
    public long EndOf(TopicPartition partition) =>
        Client.GetWatermarkOffsets(partition).High is { IsSpecial: false } high ? high.Value : long.MaxValue;

    /// <summary>Leaves the group, so that others take over at once.</summary>
    public void Dispose()
    {
        try
        {
            Client.Close();
        }
        catch (KafkaException exception)
        {
            Failed(exception.Error.Code, exception.Error.Reason);
        }

        Client.Dispose();
    }

    private List<TopicPartitionOffset> Assigned(List<TopicPartition> partitions)
    {
        HasNewPartitions = true;
        return TakeOver(partitions).GetAwaiter().GetResult();
    }

    private async Task<List<TopicPartitionOffset>> TakeOver(List<TopicPartition> partitions)
    {
        var (pause, since) = (new Pause(_time), _time.GetUtcNow());
        while (true)
        {
            try
            {
                return await TakeOverOnce(partitions);
            }
            catch (Exception trouble) when (
                (trouble is KafkaException || Troubles.Of(trouble) == Trouble.Passing)
                && !_stop.Soft.IsCancellationRequested && _time.GetUtcNow() - since < LongestTakeOver)
            {
                NotTakenOver(trouble.Message);
                await pause.Wait(_stop.Soft);
            }
        }
    }

    private async Task<List<TopicPartitionOffset>> TakeOverOnce(List<TopicPartition> partitions)
    {
        var topics = await Ask();
        var begins = new List<TopicPartitionOffset>();
        foreach (var group in partitions.GroupBy(partition => partition.Topic))
        {
            var numbers = group.Select(partition => partition.Partition.Value).ToList();
            var from = await _intakes[group.Key].Work.TakeOver(numbers, topics[group.Key], _stop.Hard);
            begins.AddRange(group.Select(
                partition => new TopicPartitionOffset(partition, from[partition.Partition])));
            Known[group.Key] = topics[group.Key];
            TookOver(group.Key, string.Join(' ', numbers));
        }

        return begins;
    }

    private void Revoked(List<TopicPartitionOffset> partitions)
    {
        Release(partitions);
        // The next owner waits for the rows in any case; this spares it a try that fails.
        Task.WhenAll(_intakes.Values.Select(intake => intake.Ended())).Wait(LongestBatch);
    }

    private void Release(List<TopicPartitionOffset> partitions)
    {
        foreach (var group in partitions.GroupBy(partition => partition.Topic))
        {
            var numbers = group.Select(partition => partition.Partition.Value).ToList();
            _intakes[group.Key].Work.Release(numbers);
            Released(group.Key, string.Join(' ', numbers));
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Reads {Topic} partitions {Partitions}")]
    private partial void TookOver(string topic, string partitions);

    [LoggerMessage(Level = LogLevel.Information, Message = "Gave {Topic} partitions {Partitions} away")]
    private partial void Released(string topic, string partitions);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Partitions are not taken over yet: {Why}")]
    private partial void NotTakenOver(string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Kafka: {Code} {Reason}")]
    private partial void Failed(ErrorCode code, string reason);
}
