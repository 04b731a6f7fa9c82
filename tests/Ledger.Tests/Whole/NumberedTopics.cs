using System.Globalization;
using System.Text;
using Billing.Contracts;
using Billing.Contracts.Values;
using Confluent.Kafka;

namespace Billing.Ledger.Tests;

/// <summary>Writes facts as their owner would: numbered, each behind the one before of its lane.</summary>
internal sealed class NumberedTopics(string bootstrapServers) : IDisposable
{
    private readonly Dictionary<(string Topic, int Lane), (long Number, FactId? Last)> _ends = [];

    private readonly IProducer<byte[], byte[]> _producer =
        new ProducerBuilder<byte[], byte[]>(new ProducerConfig
        {
            BootstrapServers = bootstrapServers,
            EnableIdempotence = true,
            MessageTimeoutMs = 120_000,
        }).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();

    /// <summary>All acknowledged when it returns.</summary>
    public void Send(string topic, IEnumerable<(string Name, TenantId Tenant, object Message)> facts)
    {
        var failed = 0;
        foreach (var (name, tenant, message) in facts)
        {
            var lane = topic == Topics.Catalog ? 0 : Lanes.Of(tenant);
            var (number, last) = _ends.GetValueOrDefault((topic, lane));
            var id = new FactId(Given.Id(name));
            _ends[(topic, lane)] = (number + 1, id);
            var headers = new Headers();
            Add(headers, FactHeaders.WireName, WireNames.Of(message.GetType()));
            Add(headers, FactHeaders.Lane, lane.ToString(CultureInfo.InvariantCulture));
            Add(headers, FactHeaders.Number, (number + 1).ToString(CultureInfo.InvariantCulture));
            Add(headers, FactHeaders.Generation, "test");
            Add(headers, FactHeaders.FactId, id.ToString());
            Add(headers, FactHeaders.PreviousFactId, last?.ToString() ?? "");
            var partition = topic == Topics.Catalog ? 0 : Lanes.Partition(lane, Topics.Partitions);
            _producer.Produce(
                new TopicPartition(topic, partition),
                new()
                {
                    Key = Encoding.UTF8.GetBytes(tenant.ToString()),
                    Value = ContractsJson.Write(message),
                    Headers = headers,
                },
                report => Interlocked.Add(ref failed, report.Error.IsError ? 1 : 0));
        }

        _producer.Flush(TimeSpan.FromMinutes(1)).ShouldBe(0);
        failed.ShouldBe(0);
    }

    public void Dispose() => _producer.Dispose();

    private static void Add(Headers headers, string name, string value) =>
        headers.Add(name, Encoding.UTF8.GetBytes(value));
}
