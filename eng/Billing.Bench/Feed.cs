using System.Buffers;
using Billing.Contracts;
using Confluent.Kafka;

namespace Billing.Bench;

/// <summary>Puts events into the raw topic.</summary>
internal sealed class Feed(Installation bench) : IDisposable
{
    private readonly IProducer<Null, byte[]> _producer = new ProducerBuilder<Null, byte[]>(new ProducerConfig
    {
        BootstrapServers = bench.BootstrapServers,
        LingerMs = 20,
        QueueBufferingMaxMessages = 1_000_000,
        EnableIdempotence = !bench.IsEmbedded,
    }).Build();

    private readonly Load _load = new("k", seed: 1);
    private readonly Headers _headers =
        new() { { "content-type", "application/cloudevents+json"u8.ToArray() } };
    private long _sent, _bytes;
    private int _failed;

    /// <returns>Bytes of an event.</returns>
    public long Send(int events, Report report, CancellationToken cancellation)
    {
        Top(events, cancellation);
        report.Note($"{events:N0} events in {Topics.RawUsage}, {_bytes / events} bytes each");
        return _bytes / events;
    }

    /// <summary>Until there have been so many.</summary>
    public void Top(long events, CancellationToken cancellation)
    {
        if (_sent >= events) return;

        for (; _sent < events; _sent++)
        {
            cancellation.ThrowIfCancellationRequested();
            var body = new ArrayBufferWriter<byte>(320);
            _load.Write(body);
            _bytes += body.WrittenCount;
            // Spread evenly: with the embedded broker a hot tenant's partition would be too small.
            _producer.Produce(
                new TopicPartition(Topics.RawUsage, (int)(_sent % Topics.Partitions)),
                new() { Value = body.WrittenSpan.ToArray(), Headers = _headers },
                delivery => _failed += delivery.Error.IsError ? 1 : 0);
        }

        _producer.Flush(cancellation);
        if (_failed > 0) throw new BenchFailed($"{_failed} events did not get into the topic.");
    }

    public void Dispose() => _producer.Dispose();
}
