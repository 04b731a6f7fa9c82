using System.Buffers;
using System.Diagnostics;
using Billing.Contracts;
using Confluent.Kafka;

namespace Billing.Bench;

/// <summary>
/// The same topic, read raw and by Ingestion, in turn. Each Ingestion starts with an empty database, so that it
/// has to take the whole topic; it has when every fact is durable and acknowledged by the broker.
/// </summary>
internal static class KafkaRuns
{
    // The embedded broker forgets beyond 5 MiB a partition.
    private const int MostInEmbedded = 80_000;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestStandstill = TimeSpan.FromSeconds(120);

    public sealed record Run(
        int Events, long EventsPerSecond, long DurablePerSecond, double ProcessSeconds, double FirstSeconds,
        double IngestionMicros, double PostgresMicros, double BrokerMicros, long PeakMegabytes,
        IReadOnlyList<long> Megabytes, bool IsSound);

    public static async Task Measure(
        Installation bench, Settings settings, Report report, CancellationToken cancellation)
    {
        var events = bench.IsEmbedded ? Math.Min(settings.Events, MostInEmbedded) : settings.Events;
        if (events < settings.Events)
            report.Note(
                $"the embedded broker keeps too little: {events:N0} events instead of {settings.Events:N0}");
        var bytes = Fill(bench, events, report, cancellation);

        var (raw, runs) = (new List<long>(), new List<Run>());
        for (var pair = 0; pair < settings.Pairs; pair++)
        {
            // Whoever comes first finds colder caches, so it is not always the same one.
            if (pair % 2 == 0) raw.Add(ReadRaw(bench, events, cancellation));
            runs.Add(await Ingest(bench, events, cancellation));
            if (pair % 2 == 1) raw.Add(ReadRaw(bench, events, cancellation));
            report.KafkaPair(pair + 1, raw[^1], runs[^1]);
        }

        report.Kafka(events, bytes, raw, runs);
    }

    private static long Fill(
        Installation bench, int events, Report report, CancellationToken cancellation)
    {
        using var producer = new ProducerBuilder<Null, byte[]>(new ProducerConfig
        {
            BootstrapServers = bench.BootstrapServers,
            LingerMs = 20,
            QueueBufferingMaxMessages = 1_000_000,
            EnableIdempotence = !bench.IsEmbedded,
        }).Build();
        var load = new Load("k", seed: 1);
        var headers = new Headers { { "content-type", "application/cloudevents+json"u8.ToArray() } };
        var (bytes, failed) = (0L, 0);
        for (var one = 0; one < events; one++)
        {
            cancellation.ThrowIfCancellationRequested();
            var body = new ArrayBufferWriter<byte>(320);
            load.Write(body);
            bytes += body.WrittenCount;
            // Spread evenly: with the embedded broker a hot tenant's partition would be too small.
            producer.Produce(
                new TopicPartition(Topics.RawUsage, one % Topics.Partitions),
                new() { Value = body.WrittenSpan.ToArray(), Headers = headers },
                delivery => failed += delivery.Error.IsError ? 1 : 0);
        }

        producer.Flush(cancellation);
        if (failed > 0) throw new BenchFailed($"{failed} events did not get into the topic.");
        report.Note($"{events:N0} events in {Topics.RawUsage}, {bytes / events} bytes each");
        return bytes / events;
    }

    /// <summary>Events a second.</summary>
    private static long ReadRaw(Installation bench, int events, CancellationToken cancellation)
    {
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(new ConsumerConfig
        {
            BootstrapServers = bench.BootstrapServers,
            GroupId = "bench",
            EnableAutoCommit = false,
        }).Build();
        consumer.Assign(Enumerable.Range(0, Topics.Partitions)
            .Select(partition => new TopicPartitionOffset(Topics.RawUsage, partition, Offset.Beginning)));
        var (clock, count, bytes) = (default(Stopwatch), 0, 0L);
        while (count < events)
        {
            var read = consumer.Consume(cancellation);
            clock ??= Stopwatch.StartNew(); // connecting is not reading
            bytes += read.Message.Value.Length;
            count++;
        }

        return (long)(count / clock!.Elapsed.TotalSeconds);
    }

    private static async Task<Run> Ingest(Installation bench, int events, CancellationToken cancellation)
    {
        await using var ingestion = await bench.StartIngestion(cancellation);
        var (clock, memory) = (Stopwatch.StartNew(), new List<long>());
        TimeSpan? first = null, durable = null;
        var (firstCount, last, lastChange) = (0L, default(RunningIngestion.State), TimeSpan.Zero);
        var used = new Used(TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero);
        while (true)
        {
            var state = await ingestion.Look(cancellation);
            var now = clock.Elapsed;
            if (state.Received > 0 && first is null)
                (first, firstCount, used) = (now, state.Received, Used.By(bench, ingestion));
            if (state.Received >= events) durable ??= now;
            if (state.Received >= events && state.Published >= state.Sent) break;

            if (state != last) (last, lastChange) = (state, now);
            if (now - lastChange > LongestStandstill)
                throw new BenchFailed($"Ingestion stands still at {state}; it said: {ingestion.Said}");
            if (memory.Count < now.TotalSeconds * 2)
                memory.Add(ProcessTree.ResidentBytes(ingestion.ProcessId) >> 20);
            await Task.Delay(Look, cancellation);
        }

        var done = clock.Elapsed;
        memory.Add(ProcessTree.ResidentBytes(ingestion.ProcessId) >> 20);
        var after = Used.By(bench, ingestion);
        var (keys, originals, facts) = await ingestion.Count(cancellation);
        var final = await ingestion.Look(cancellation);
        // What was taken before the first look, and what it cost to start, does not count.
        var counted = events - firstCount;
        return new(
            events, Rate(counted, done - first!.Value), Rate(counted, durable!.Value - first.Value),
            done.TotalSeconds, first.Value.TotalSeconds, Micros(after.Ingestion - used.Ingestion),
            Micros(after.Postgres - used.Postgres), Micros(after.Broker - used.Broker), memory.Max(), memory,
            final == new RunningIngestion.State(events, events, events, events)
                && keys == events && originals == events && facts == events);

        double Micros(TimeSpan time) => time.TotalMicroseconds / counted;
    }

    /// <summary>Processor time until now.</summary>
    private sealed record Used(TimeSpan Ingestion, TimeSpan Postgres, TimeSpan Broker)
    {
        public static Used By(Installation bench, RunningIngestion ingestion) => new(
            ProcessTree.Processor(ingestion.ProcessId), ProcessTree.Processor(bench.PostgresId),
            ProcessTree.Processor(bench.BrokerId));
    }

    private static long Rate(long events, TimeSpan time) =>
        (long)(events / Math.Max(time.TotalSeconds, 0.001));
}
