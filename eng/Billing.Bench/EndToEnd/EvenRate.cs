using System.Diagnostics;
using Billing.Contracts;
using Confluent.Kafka;

namespace Billing.Bench.EndToEnd;

/// <summary>
/// So many events a second, sent when their time has come whether or not those before are done. The latency of
/// one is from the moment at which it was due until it is in its tenant's balance.
/// </summary>
internal static class EvenRate
{
    public sealed record Latency(
        int PerSecond, long Events, double P50Milliseconds, double P99Milliseconds, double MaxMilliseconds,
        IReadOnlyList<Hop> Hops, Flow.Used Micros, double CoresUsed, string? Wrong);

    /// <summary>Until an event had left that service, or was so far.</summary>
    public sealed record Hop(string Name, double P50Milliseconds, double P99Milliseconds);

    public static async Task<Latency> Measure(
        Installation bench, Pipeline pipeline, Flow flow, UsageLoad load, int perSecond, int seconds,
        CancellationToken cancellation)
    {
        var before = await pipeline.Ledger.Number(
            "select coalesce(max(seq_id), 0)::bigint from events.mt_events", cancellation);
        var begin = await flow.Look(cancellation);
        var (events, hops) = (perSecond * seconds, new Hops(bench));
        var sampling = Sample(pipeline, load.Sent + events + 1, cancellation);
        var due = await Task.Run(() => Send(bench, load, perSecond, events, cancellation), cancellation);
        var seen = await sampling;
        var end = await flow.Until(load.Sent, _ => false, _ => { }, cancellation);

        var (appended, latencies) = await Join(pipeline, hops, due.Charges, seen, before, cancellation);
        return new(
            perSecond, events, At(latencies, 0.5), At(latencies, 0.99), At(latencies, 1),
            [
                // The embedded broker does not say when it got what.
                .. Of("Ingestion", hops.Until(Topics.Usage, due.Usages)),
                .. Of("Pricing", hops.Until(Topics.Ratings, due.Charges)),
                .. Of("Ledger's store", appended),
            ],
            end.Used.Since(begin.Used, 1e6 / events), (end.Used.All - begin.Used.All) / (end.At - begin.At).TotalSeconds,
            await flow.WhatIsWrong(load, cancellation));

        static Hop[] Of(string name, List<double> sorted) =>
            sorted.Count == 0 ? [] : [new(name, At(sorted, 0.5), At(sorted, 0.99))];

        static double At(List<double> sorted, double part) =>
            sorted.Count == 0 ? double.NaN : sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * part))];
    }

    // Time stamps are those of one clock, of this process.
    private static (Dictionary<Guid, long> Usages, Dictionary<Guid, long> Charges) Send(
        Installation bench, UsageLoad load, int perSecond, int events, CancellationToken cancellation)
    {
        using var producer = new ProducerBuilder<Null, byte[]>(new ProducerConfig
        {
            BootstrapServers = bench.BootstrapServers,
            LingerMs = 5, // as clients do who set nothing; so is the choice of a partition for many at a time
            EnableIdempotence = !bench.IsEmbedded,
        }).Build();
        // A producer that has just been made is not what is measured.
        producer.Produce(Topics.RawUsage, load.Next().Message);
        producer.Flush(cancellation);

        var (usages, charges) = (new Dictionary<Guid, long>(events), new Dictionary<Guid, long>(events));
        var began = Stopwatch.GetTimestamp();
        for (var one = 0; one < events; one++)
        {
            cancellation.ThrowIfCancellationRequested();
            var at = began + (long)((double)one / perSecond * Stopwatch.Frequency);
            while (Stopwatch.GetTimestamp() < at) Thread.Sleep(1);
            var (message, usage, charge) = load.Next();
            usages.Add(usage, at);
            charges.Add(charge, at);
            producer.Produce(Topics.RawUsage, message);
        }

        producer.Flush(cancellation);
        return (usages, charges);
    }

    /// <summary>When the balances were seen to be how far.</summary>
    private static async Task<List<(long At, long Position)>> Sample(
        Pipeline pipeline, long charges, CancellationToken cancellation)
    {
        var (seen, clock, last) = (new List<(long, long)>(), Stopwatch.StartNew(), -1L);
        await using var connection = await pipeline.Ledger.Data.OpenConnectionAsync(cancellation);
        await using var command = new Npgsql.NpgsqlCommand(
            "select position, (select coalesce(sum(last_number), 0)::bigint from read_lanes where topic = "
            + "'billing.pricing.ratings.v1'), (select coalesce(max(seq_id), 0)::bigint from events.mt_events) "
            + "from ledger_models where name = 'balances'", connection);
        await command.PrepareAsync(cancellation);
        while (true)
        {
            await using (var row = await command.ExecuteReaderAsync(cancellation))
            {
                await row.ReadAsync(cancellation);
                var position = row.GetInt64(0);
                if (position != last) seen.Add((Stopwatch.GetTimestamp(), position));
                if (position != last) clock.Restart();
                last = position;
                if (row.GetInt64(1) >= charges && position >= row.GetInt64(2)) return seen;
            }

            if (clock.Elapsed > TimeSpan.FromSeconds(60)) throw new BenchFailed("the balances stand still.");
            await Task.Delay(5, cancellation);
        }
    }

    private static async Task<(List<double> Appended, List<double> Balanced)> Join(
        Pipeline pipeline, Hops hops, Dictionary<Guid, long> due, List<(long At, long Position)> seen, long after,
        CancellationToken cancellation)
    {
        await using var command = pipeline.Ledger.Data.CreateCommand(
            "select id, seq_id, timestamp from events.mt_events where seq_id > $1 order by seq_id");
        command.Parameters.Add(new() { Value = after });
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var (appended, latencies, place) = (new List<double>(due.Count), new List<double>(due.Count), 0);
        while (await rows.ReadAsync(cancellation))
        {
            while (seen[place].Position < rows.GetInt64(1)) place++;
            if (!due.TryGetValue(rows.GetGuid(0), out var at)) continue;

            appended.Add(hops.Since(at, rows.GetDateTime(2)));
            latencies.Add(Stopwatch.GetElapsedTime(at, seen[place].At).TotalMilliseconds);
        }

        appended.Sort();
        latencies.Sort();
        return latencies.Count == due.Count
            ? (appended, latencies)
            : throw new BenchFailed($"{latencies.Count} of {due.Count} events became charges.");
    }
}
