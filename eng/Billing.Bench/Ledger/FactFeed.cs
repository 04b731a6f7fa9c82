using System.Globalization;
using System.Text;
using Billing.Contracts;
using Billing.Contracts.Values;
using Confluent.Kafka;

namespace Billing.Bench.Ledger;

/// <summary>Writes numbered facts of one topic as its owner would: each lane from 1 on, one generation.</summary>
internal sealed class FactFeed(string bootstrapServers, string topic, int partitions, bool isIdempotent) : IDisposable
{
    private readonly IProducer<byte[], byte[]> _producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig
    {
        BootstrapServers = bootstrapServers,
        LingerMs = 20,
        QueueBufferingMaxMessages = 1_000_000,
        QueueBufferingMaxKbytes = 1 << 20,
        EnableIdempotence = isIdempotent,
    }).Build();

    private readonly (long Number, FactId? Fact)[] _last = new (long, FactId?)[Lanes.Count];
    private int _failed;

    public long Bytes { get; private set; }

    public long Sent { get; private set; }

    public void Send(int lane, FactId id, string key, object fact, string? trace = null)
    {
        var body = ContractsJson.Write(fact);
        var (number, before) = _last[lane];
        var headers = new Headers
        {
            { FactHeaders.WireName, Utf8(WireNames.Of(fact.GetType())) },
            { FactHeaders.Lane, Utf8(lane.ToString(CultureInfo.InvariantCulture)) },
            { FactHeaders.Number, Utf8((number + 1).ToString(CultureInfo.InvariantCulture)) },
            { FactHeaders.Generation, "bench"u8.ToArray() },
            { FactHeaders.FactId, Utf8(id.ToString()) },
            { FactHeaders.PreviousFactId, Utf8(before?.ToString() ?? "") },
        };
        if (trace is not null) headers.Add(FactHeaders.TraceParent, Utf8(trace));
        _last[lane] = (number + 1, id);
        (Bytes, Sent) = (Bytes + body.Length, Sent + 1);
        _producer.Produce(
            new TopicPartition(topic, Lanes.Partition(lane, partitions)),
            new() { Key = Utf8(key), Value = body, Headers = headers },
            delivery => _failed += delivery.Error.IsError ? 1 : 0);
    }

    /// <exception cref="BenchFailed">The broker has not taken all of it.</exception>
    public void Flush(CancellationToken cancellation)
    {
        _producer.Flush(cancellation);
        if (_failed > 0) throw new BenchFailed($"{_failed} facts did not get into {topic}.");
    }

    public void Dispose() => _producer.Dispose();

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
