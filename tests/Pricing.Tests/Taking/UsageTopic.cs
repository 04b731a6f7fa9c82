using System.Globalization;
using System.Text;
using Billing.Contracts;
using Billing.Contracts.Platform;
using Billing.Contracts.Values;
using Billing.ServiceDefaults.UsagePath;
using Confluent.Kafka;

namespace Billing.Pricing.Tests.Taking;

/// <summary>Stands in Ingestion's place: writes numbered facts of usage, and tides.</summary>
internal sealed class UsageTopic(string bootstrapServers) : IDisposable
{
    private readonly IProducer<byte[], byte[]> _producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig
    {
        BootstrapServers = bootstrapServers,
        EnableIdempotence = true,
        QueueBufferingMaxMessages = 200_000,
        LingerMs = 5,
    }).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();

    private readonly Dictionary<int, (long Number, FactId Fact)> _last = [];

    public void Send(IEnumerable<Fact> facts)
    {
        foreach (var fact in facts)
        {
            var headers = new Headers();
            Add(headers, FactHeaders.WireName, fact.WireName);
            Add(headers, FactHeaders.Lane, fact.Lane.ToString(CultureInfo.InvariantCulture));
            Add(headers, FactHeaders.Number, fact.Number.ToString(CultureInfo.InvariantCulture));
            Add(headers, FactHeaders.Generation, "test");
            Add(headers, FactHeaders.FactId, fact.Id.ToString());
            Add(headers, FactHeaders.PreviousFactId,
                _last.TryGetValue(fact.Lane, out var last) ? last.Fact.ToString() : "");
            _last[fact.Lane] = (fact.Number, fact.Id);
            _producer.Produce(
                new TopicPartition(Topics.Usage, Lanes.Partition(fact.Lane, Topics.Partitions)),
                new() { Key = Encoding.UTF8.GetBytes(fact.Key), Value = fact.Body.ToArray(), Headers = headers });
        }

        _producer.Flush(TimeSpan.FromSeconds(60)).ShouldBe(0);
    }

    /// <summary>The end of every lane, and the moment up to which all that was used is in.</summary>
    public void Tide(DateTimeOffset readUpTo)
    {
        for (var partition = 0; partition < Topics.Partitions; partition++)
        {
            var lanes = Enumerable.Range(0, Lanes.Count)
                .Where(lane => Lanes.Partition(lane, Topics.Partitions) == partition)
                .Select(lane => _last.TryGetValue(lane, out var last)
                    ? new LaneTideV1(lane, last.Number, last.Fact, readUpTo)
                    : new LaneTideV1(lane, 0, null, readUpTo));
            var headers = new Headers();
            Add(headers, FactHeaders.WireName, WireNames.Of(typeof(TideV1)));
            _producer.Produce(new TopicPartition(Topics.Usage, partition), new()
            {
                Value = ContractsJson.Write(new TideV1(Topics.Usage, partition, "test", [.. lanes])),
                Headers = headers,
            });
        }

        _producer.Flush(TimeSpan.FromSeconds(60)).ShouldBe(0);
    }

    public void Dispose() => _producer.Dispose();

    private static void Add(Headers headers, string name, string value) =>
        headers.Add(name, Encoding.UTF8.GetBytes(value));
}
