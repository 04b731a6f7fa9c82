using Billing.Testbed;
using Confluent.Kafka;

namespace Billing.AppHost.Tests.Kafka;

/// <summary>Confluent's clients, as services use them.</summary>
internal static class Clients
{
    private static readonly TimeSpan patience = Eventually.Patience;

    public static IReadOnlyDictionary<string, int> PartitionCounts(string bootstrapServers)
    {
        using var admin = new AdminClientBuilder(
            new AdminClientConfig { BootstrapServers = bootstrapServers }).Build();
        return admin.GetMetadata(patience).Topics
            .ToDictionary(topic => topic.Topic, topic => topic.Partitions.Count);
    }

    /// <summary>An idempotent producer writes, each text to the partition of its place in the list.</summary>
    public static async Task Produce(string bootstrapServers, string topic, params string[] texts)
    {
        var configuration = new ProducerConfig
        {
            BootstrapServers = bootstrapServers,
            EnableIdempotence = true,
        };
        using var producer = new ProducerBuilder<Null, string>(configuration).Build();
        for (var partition = 0; partition < texts.Length; partition++)
        {
            var sent = await producer.ProduceAsync(
                new TopicPartition(topic, partition), new Message<Null, string> { Value = texts[partition] });
            sent.Status.ShouldBe(PersistenceStatus.Persisted);
        }
    }

    /// <summary>A member of a group reads from the beginning until it has that many.</summary>
    public static IReadOnlyList<(int Partition, string Text)> Consume(
        string bootstrapServers, string topic, int count)
    {
        var configuration = new ConsumerConfig
        {
            BootstrapServers = bootstrapServers,
            GroupId = $"readers-of-{topic}",
            AutoOffsetReset = AutoOffsetReset.Earliest,
            EnableAutoCommit = false,
        };
        using var consumer = new ConsumerBuilder<Ignore, string>(configuration).Build();
        consumer.Subscribe(topic);
        var read = new List<(int, string)>();
        using var waiting = new CancellationTokenSource(patience);
        while (read.Count < count)
        {
            var result = consumer.Consume(waiting.Token);
            read.Add((result.Partition.Value, result.Message.Value));
        }

        consumer.Close();
        return [.. read.Order()];
    }
}
