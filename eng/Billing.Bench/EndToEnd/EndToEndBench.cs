using System.Globalization;
using Billing.Contracts;
using Confluent.Kafka;

namespace Billing.Bench.EndToEnd;

/// <summary>
/// From a topic full of raw usage to balances, with everything on one machine; beside raw reading of the same
/// topic and one transaction for each event. Every pair has an installation of its own, so that it begins with
/// empty databases and topics.
/// </summary>
internal static class EndToEndBench
{
    private const int AimPerSecond = 7_000, NextAimPerSecond = 10_000, AimP99Milliseconds = 1_000;

    // The embedded broker forgets beyond 5 MiB a partition, and a few tenants have most of the use.
    private const int MostInEmbedded = 10_000;

    private static readonly int[] Rates = [1_000, 5_000];

    /// <param name="Micros">Of processor time for each event.</param>
    /// <param name="Megabytes">Of Ingestion, Pricing and Ledger, at most.</param>
    internal sealed record Passage(
        long Events, long PerSecond, long WarmPerSecond, double Seconds, Flow.Used Micros, Flow.Used WarmMicros,
        double CoresUsed, IReadOnlyList<long> Megabytes, string? Wrong);

    /// <param name="Cold">The first of all, by services that have just been started.</param>
    internal sealed record Pair(
        long RawPerSecond, Passage Cold, Passage Run, long AlonePerSecond, IReadOnlyList<EvenRate.Latency> Even)
    {
        public bool IsSound => (Cold.Wrong ?? Run.Wrong) is null && Even.All(one => one.Wrong is null);
    }

    public static async Task Run(Arguments asked, Report report, CancellationToken cancellation)
    {
        var quick = asked.IsQuick;
        var (events, warmUp, pairs, seconds, alone) = (
            asked.Number("--events", quick ? 20_000 : 100_000),
            asked.Number("--warm-up", quick ? 5_000 : 20_000), asked.Number("--pairs", quick ? 1 : 3),
            asked.Number("--seconds", quick ? 3 : 15), asked.Number("--alone", quick ? 300 : 3_000));
        var all = new List<Pair>();
        for (var pair = 0; pair < pairs; pair++)
        {
            await using var bench = await Installation.Start(report, cancellation);
            var most = bench.IsEmbedded ? MostInEmbedded : int.MaxValue;
            all.Add(await Measure(
                bench, Math.Min(warmUp, most / 2), Math.Min(events, most), seconds, alone, pair % 2 == 0,
                cancellation));
            Print(pair + 1, all[^1]);
        }

        Sum(report, all);
    }

    private static async Task<Pair> Measure(
        Installation bench, int warmUp, int events, int seconds, int alone, bool isRawFirst,
        CancellationToken cancellation)
    {
        await using var pipeline = await Pipeline.Start(bench, cancellation);
        var (load, flow) = (new UsageLoad(), new Flow(bench, pipeline));

        // What a process does once in its life, like compiling what it runs, is told for itself. Ingestion comes
        // when the topic is full; the others are there, and have nothing to do.
        await pipeline.Ingestion.Stop();
        Fill(bench, load, warmUp, cancellation);
        pipeline.Ingestion.StartAgain();
        var cold = await Through(pipeline, flow, load, 0, cancellation);

        pipeline.Ingestion.Process.StandStill();
        Fill(bench, load, events, cancellation);

        // Whoever comes first finds colder caches, so it is not always the same one.
        var raw = isRawFirst ? KafkaRuns.ReadRaw(bench, events, cancellation) : 0;
        pipeline.Ingestion.Process.GoOn();
        var run = await Through(pipeline, flow, load, warmUp, cancellation);
        if (!isRawFirst) raw = KafkaRuns.ReadRaw(bench, events, cancellation);

        var even = new List<EvenRate.Latency>();
        foreach (var rate in bench.IsEmbedded ? [Rates[0]] : Rates)
            even.Add(await EvenRate.Measure(
                bench, pipeline, flow, load, rate, seconds, cancellation));

        var other = await OneByOne.Measure(bench, pipeline.Ledger.Data, Math.Min(alone, events), cancellation);
        return new(raw, cold, run, other, even);
    }

    private static void Fill(Installation bench, UsageLoad load, int events, CancellationToken cancellation)
    {
        using var producer = new ProducerBuilder<Null, byte[]>(new ProducerConfig
        {
            BootstrapServers = bench.BootstrapServers,
            LingerMs = 20,
            QueueBufferingMaxMessages = 1_000_000,
            EnableIdempotence = !bench.IsEmbedded,
        }).Build();
        var failed = 0;
        for (var one = 0; one < events; one++)
            producer.Produce(
                new TopicPartition(Topics.RawUsage, one % Topics.Partitions), load.Next().Message,
                delivery => failed += delivery.Error.IsError ? 1 : 0);
        producer.Flush(cancellation);
        if (failed > 0) throw new BenchFailed($"{failed} events did not get into the topic.");
    }

    /// <param name="before">So many were through before.</param>
    private static async Task<Passage> Through(
        Pipeline pipeline, Flow flow, UsageLoad load, int before, CancellationToken cancellation)
    {
        var (events, middle) = (load.Sent, before + (load.Sent - before) / 2);
        Flow.Mark? first = null, half = null;
        var megabytes = pipeline.Services.Select(_ => 0L).ToArray();
        var end = await flow.Until(
            events,
            state => (state.Accepted > before && first is null) || (state.Charged >= middle && half is null),
            mark =>
            {
                if (mark.State.Accepted > before) first ??= mark;
                if (mark.State.Charged >= middle) half ??= mark;
                for (var place = 0; place < megabytes.Length; place++)
                    megabytes[place] = Math.Max(megabytes[place], mark.Megabytes[place]);
            }, cancellation);

        // What was taken before the first look, and what it cost to start, does not count.
        var (counted, warm) = (
            Math.Max(1, events - first!.State.Accepted), Math.Max(1, events - half!.State.Charged));
        return new(
            events - before, Rate(counted, end.At - first.At), Rate(warm, end.At - half.At),
            (end.At - first.At).TotalSeconds, end.Used.Since(first.Used, 1e6 / counted),
            end.Used.Since(half.Used, 1e6 / warm),
            end.Used.Since(first.Used).All / (end.At - first.At).TotalSeconds, megabytes,
            await flow.WhatIsWrong(load, cancellation));
    }

    private static void Print(int number, Pair pair)
    {
        var run = pair.Run;
        Report.Line(
            Text($"pair {number}: end to end {run.PerSecond:N0} events/s ({run.WarmPerSecond:N0} in the second half), ")
            + Text($"raw reading {pair.RawPerSecond:N0}/s, one transaction for each {pair.AlonePerSecond:N0}/s; ")
            + ((pair.Cold.Wrong ?? run.Wrong) is { } wrong ? $"VOID, it does not add up: {wrong}" : "adds up"));
        Report.Line(
            Text($"        the first {pair.Cold.Events:N0}, by services that had just been started: ")
            + Text($"{pair.Cold.PerSecond:N0} events/s, µs of CPU per event: ") + Costs(pair.Cold.Micros));
        Report.Line("        µs of CPU per event: " + Costs(run.Micros));
        Report.Line("             in the second half: " + Costs(run.WarmMicros));
        Report.Line(
            Text($"        {run.CoresUsed:N2} of {Environment.ProcessorCount} cores in use; memory of Pricing, ")
            + $"Ledger, Ingestion up to {string.Join(", ", run.Megabytes)} MiB");
        foreach (var even in pair.Even)
        {
            Report.Line(
                Text($"        at {even.PerSecond:N0}/s, event to balance: p50 {even.P50Milliseconds:N0} ms, p99 ")
                + Text($"{even.P99Milliseconds:N0} ms, longest {even.MaxMilliseconds:N0} ms; ")
                + Text($"{even.CoresUsed:N2} cores; ")
                + (even.Wrong is null ? "adds up" : $"VOID, it does not add up: {even.Wrong}"));
            Report.Line("             µs of CPU per event: " + Costs(even.Micros));
            Report.Line("             until out of " + string.Join("; ", even.Hops.Select(hop =>
                Text($"{hop.Name}: p50 {hop.P50Milliseconds:N0} ms, p99 {hop.P99Milliseconds:N0} ms"))));
        }
    }

    private static void Sum(Report report, List<Pair> all)
    {
        var (rate, raw, alone) = (
            Median(all.Select(pair => (double)pair.Run.PerSecond)),
            Median(all.Select(pair => (double)pair.RawPerSecond)),
            Median(all.Select(pair => (double)pair.AlonePerSecond)));
        var isSound = all.All(pair => pair.IsSound);
        Report.Line();
        Report.Line(Text($"End to end, {all[0].Run.Events:N0} events, medians of {all.Count} pairs")
            + (isSound ? ":" : "; VOID, since a run does not add up:"));
        Report.Line(Text($"  raw usage to balances          {rate,9:N0} events/s   aim ≥ {AimPerSecond:N0}: ")
            + Text($"{Met(rate >= AimPerSecond)}, next ≥ {NextAimPerSecond:N0}: {Met(rate >= NextAimPerSecond)}"));
        Report.Line(Text($"  raw reading of the same topic  {raw,9:N0} events/s   {rate / raw:P1} of it"));
        Report.Line(Text($"  one transaction for each event {alone,9:N0} events/s   {rate / alone:N1} times it"));
        foreach (var perSecond in all[0].Even.Select(one => one.PerSecond))
        {
            var even = all.Select(pair => pair.Even.First(one => one.PerSecond == perSecond)).ToList();
            var p99 = Median(even.Select(one => one.P99Milliseconds));
            Report.Line(
                Text($"  event to balance at {perSecond:N0}/s: p50 {Median(even.Select(one => one.P50Milliseconds)):N0} ")
                + Text($"ms, p99 {p99:N0} ms")
                + (perSecond == Rates[0] ? $"   aim ≤ 1 s: {Met(p99 <= AimP99Milliseconds)}" : ""));
        }

        report.Keep("endToEnd", new { rate, raw, alone, pairs = all }, isSound);
    }

    private static string Costs(Flow.Used micros) => string.Join(
        ", ", new (string Name, double Micros)[]
        {
            ("Ingestion", micros.Ingestion), ("Pricing", micros.Pricing), ("Ledger", micros.Ledger),
            ("PostgreSQL", micros.Postgres), ("broker", micros.Broker), ("this bench", micros.Bench),
        }.OrderByDescending(one => one.Micros).Select(one => Text($"{one.Name} {one.Micros:N1}")));

    private static long Rate(long events, TimeSpan time) => (long)(events / Math.Max(time.TotalSeconds, 0.001));

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }

    private static string Met(bool isMet) => isMet ? "met" : "MISSED";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
