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
        double IngestionMicros, double PostgresMicros, double BrokerMicros, Warm Warm, long PeakMegabytes,
        IReadOnlyList<long> Megabytes, bool IsSound);

    /// <summary>The second half of a run, when a process that has just started has compiled itself.</summary>
    public sealed record Warm(
        long EventsPerSecond, double IngestionMicros, double PostgresMicros, double BrokerMicros);

    public static async Task Measure(
        Installation bench, Settings settings, Report report, CancellationToken cancellation)
    {
        var (events, isFed) = (settings.Events, bench.IsEmbedded && settings.Events > MostInEmbedded);
        if (isFed) report.Note($"the embedded broker keeps too little: it is filled up while Ingestion reads");
        var (raw, runs, bytes) = (new List<long>(), new List<Run>(), 0L);
        for (var pair = 0; pair < settings.Pairs; pair++)
        {
            if (isFed && pair > 0) await bench.RestartEmbedded(cancellation);
            using var feed = pair == 0 || isFed ? new Feed(bench) : null;
            var there = isFed ? MostInEmbedded : events;
            if (feed is not null) bytes = feed.Send(there, report, cancellation);

            // Whoever comes first finds colder caches, so it is not always the same one.
            if (isFed || pair % 2 == 0) raw.Add(ReadRaw(bench, there, cancellation));
            runs.Add(await Ingest(bench, events, isFed ? feed : null, cancellation));
            if (!isFed && pair % 2 == 1) raw.Add(ReadRaw(bench, there, cancellation));
            report.KafkaPair(pair + 1, raw[^1], runs[^1]);
        }

        report.Kafka(events, bytes, raw, runs);
    }

    /// <summary>Events a second.</summary>
    public static long ReadRaw(Installation bench, int events, CancellationToken cancellation)
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

    private static async Task<Run> Ingest(
        Installation bench, int events, Feed? feed, CancellationToken cancellation)
    {
        await using var ingestion = await bench.StartIngestion(cancellation);
        var (clock, memory) = (Stopwatch.StartNew(), new List<long>());
        TimeSpan? first = null, durable = null;
        var (firstCount, last, lastChange) = (0L, default(RunningIngestion.State), TimeSpan.Zero);
        var used = new Used(TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero);
        (TimeSpan At, long Published, Used Used)? half = null;
        while (true)
        {
            var state = await ingestion.Look(cancellation);
            var now = clock.Elapsed;
            if (state.Received > 0 && first is null)
                (first, firstCount, used) = (now, state.Received, Used.By(bench, ingestion));
            feed?.Top(Math.Min(events, state.Received + MostInEmbedded), cancellation);
            if (half is null && state.Published >= events / 2)
                half = (now, state.Published, Used.By(bench, ingestion));
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
        var counted = Math.Max(1, events - firstCount);
        return new(
            events, Rate(counted, done - first!.Value), Rate(counted, durable!.Value - first.Value),
            done.TotalSeconds, first.Value.TotalSeconds, Micros(after.Ingestion - used.Ingestion),
            Micros(after.Postgres - used.Postgres), Micros(after.Broker - used.Broker),
            SecondHalf(half!.Value.At, half.Value.Published, half.Value.Used), memory.Max(), memory,
            final == new RunningIngestion.State(events, events, events, events)
                && keys == events && originals == events && facts == events);

        double Micros(TimeSpan time) => time.TotalMicroseconds / counted;

        Warm SecondHalf(TimeSpan at, long published, Used then)
        {
            var rest = Math.Max(1, events - published);
            return new(
                Rate(rest, done - at), (after.Ingestion - then.Ingestion).TotalMicroseconds / rest,
                (after.Postgres - then.Postgres).TotalMicroseconds / rest,
                (after.Broker - then.Broker).TotalMicroseconds / rest);
        }
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
