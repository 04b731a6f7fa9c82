using System.Text;
using Billing.Contracts;
using Billing.LocalTools;
using Confluent.Kafka;

namespace Billing.Samples.Feeding;

/// <summary>Puts usage on the raw topic as a platform service does: idempotent, acknowledged by all replicas.</summary>
internal sealed class KafkaFeed : IDisposable
{
    // The embedded broker keeps 5 MiB of a partition and forgets what is older, read or not. So no more than this is
    // ever unread in it.
    private const int MostUnread = 3 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly byte[] ContentType = Encoding.ASCII.GetBytes(UsageMessage.ContentType);

    private readonly string bootstrap;
    private readonly bool isEmbedded;
    private readonly IProducer<string, byte[]> producer;
    private readonly Dictionary<int, long> ends = [];
    private readonly Lock acknowledging = new();
    private string? failure;

    public KafkaFeed(string bootstrap, bool isEmbedded)
    {
        (this.bootstrap, this.isEmbedded) = (bootstrap, isEmbedded);
        producer = new ProducerBuilder<string, byte[]>(new ProducerConfig
        {
            BootstrapServers = bootstrap,
            ClientId = "billing-feed",
            EnableIdempotence = true,
            Acks = Acks.All,
            LingerMs = 5,
            CompressionType = CompressionType.Lz4,
            MessageTimeoutMs = (int)Patience.TotalMilliseconds,
        }).SetLogHandler((_, _) => { }).SetErrorHandler((_, error) => Note(error)).Build();
    }

    /// <summary>How many the broker has acknowledged.</summary>
    public long Acknowledged { get; private set; }

    /// <exception cref="PreparationFailed">The broker does not take them; what it acknowledged stays.</exception>
    public async Task Send(
        IEnumerable<UsageMessage> events, Action<long> progress, CancellationToken cancellation)
    {
        var unread = 0;
        foreach (var message in events)
        {
            Produce(message, cancellation);
            unread += message.Body.Length + message.Tenant.Length + 128; // headers, and what Kafka adds
            if (unread < MostUnread) continue;

            Flush(cancellation);
            progress(Acknowledged);
            if (isEmbedded) await UntilRead(cancellation);
            unread = 0;
        }

        Flush(cancellation);
        progress(Acknowledged);
    }

    public void Dispose() => producer.Dispose();

    private void Produce(UsageMessage message, CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            ThrowIfFailed();
            try
            {
                producer.Produce(
                    Topics.RawUsage,
                    new Message<string, byte[]>
                    {
                        Key = message.Tenant,
                        Value = message.Body,
                        Headers = [new Header("content-type", ContentType)],
                    },
                    Acknowledge);
                return;
            }
            catch (ProduceException<string, byte[]> full) when (full.Error.Code == ErrorCode.Local_QueueFull)
            {
                producer.Poll(Pause);
            }
        }
    }

    private void Flush(CancellationToken cancellation)
    {
        producer.Flush(cancellation);
        ThrowIfFailed();
    }

    private void Acknowledge(DeliveryReport<string, byte[]> report)
    {
        lock (acknowledging)
        {
            if (report.Error.IsError)
            {
                failure ??= report.Error.Reason;
                return;
            }

            Acknowledged++;
            ends[report.Partition.Value] = Math.Max(ends.GetValueOrDefault(report.Partition.Value), report.Offset + 1);
        }
    }

    private async Task UntilRead(CancellationToken cancellation)
    {
        // Only asks how far Ingestion has come; it never joins its group.
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(new ConsumerConfig
        {
            BootstrapServers = bootstrap,
            GroupId = Resources.Ingestion,
            EnableAutoCommit = false,
        }).SetLogHandler((_, _) => { }).Build();
        List<TopicPartitionOffset> wanted;
        lock (acknowledging)
            wanted = [.. ends.Select(end => new TopicPartitionOffset(Topics.RawUsage, end.Key, end.Value))];
        while (consumer.Committed(wanted.Select(end => end.TopicPartition), Patience)
            .Any(read => read.Offset.Value < wanted.Single(end => end.Partition == read.Partition).Offset.Value))
            await Task.Delay(Pause, cancellation);
    }

    private void Note(Error error)
    {
        if (error.IsFatal) failure ??= error.Reason;
    }

    private void ThrowIfFailed()
    {
        if (failure is { } why)
            throw new PreparationFailed($"Kafka at {bootstrap} does not take the usage: {why}.");
    }
}
