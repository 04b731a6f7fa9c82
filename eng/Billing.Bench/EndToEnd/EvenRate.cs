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
        double CoresUsed, string? Wrong);

    public static async Task<Latency> Measure(
        Installation bench, Pipeline pipeline, Flow flow, UsageLoad load, int perSecond, int seconds,
        CancellationToken cancellation)
    {
        var before = await pipeline.Ledger.Number(
            "select coalesce(max(seq_id), 0)::bigint from events.mt_events", cancellation);
        var begin = await flow.Look(cancellation);
        var events = perSecond * seconds;
        var sampling = Sample(pipeline, load.Sent + events, cancellation);
        var due = await Task.Run(() => Send(bench, load, perSecond, events, cancellation), cancellation);
        var seen = await sampling;
        var end = await flow.Until(load.Sent, _ => { }, cancellation);

        var latencies = await Join(pipeline, due, seen, before, cancellation);
        latencies.Sort();
        return new(
            perSecond, events, At(0.5), At(0.99), At(1),
            (end.Used.All - begin.Used.All) / (end.At - begin.At).TotalSeconds,
            await flow.WhatIsWrong(load, cancellation));

        double At(double part) => latencies[Math.Min(latencies.Count - 1, (int)(latencies.Count * part))];
    }

    // Time stamps are those of one clock, of this process.
    private static Dictionary<Guid, long> Send(
        Installation bench, UsageLoad load, int perSecond, int events, CancellationToken cancellation)
    {
        using var producer = new ProducerBuilder<Null, byte[]>(new ProducerConfig
        {
            BootstrapServers = bench.BootstrapServers,
            LingerMs = 2,
            EnableIdempotence = !bench.IsEmbedded,
        }).Build();
        var (due, began) = (new Dictionary<Guid, long>(events), Stopwatch.GetTimestamp());
        for (var one = 0; one < events; one++)
        {
            cancellation.ThrowIfCancellationRequested();
            var at = began + (long)((double)one / perSecond * Stopwatch.Frequency);
            while (Stopwatch.GetTimestamp() < at) Thread.Sleep(1);
            var (message, charge) = load.Next();
            due.Add(charge, at);
            producer.Produce(new TopicPartition(Topics.RawUsage, one % Topics.Partitions), message);
        }

        producer.Flush(cancellation);
        return due;
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

    private static async Task<List<double>> Join(
        Pipeline pipeline, Dictionary<Guid, long> due, List<(long At, long Position)> seen, long after,
        CancellationToken cancellation)
    {
        await using var command = pipeline.Ledger.Data.CreateCommand(
            "select id, seq_id from events.mt_events where seq_id > $1 order by seq_id");
        command.Parameters.Add(new() { Value = after });
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var (latencies, place) = (new List<double>(due.Count), 0);
        while (await rows.ReadAsync(cancellation))
        {
            while (seen[place].Position < rows.GetInt64(1)) place++;
            if (due.TryGetValue(rows.GetGuid(0), out var at))
                latencies.Add(Stopwatch.GetElapsedTime(at, seen[place].At).TotalMilliseconds);
        }

        return latencies.Count == due.Count
            ? latencies
            : throw new BenchFailed($"{latencies.Count} of {due.Count} events became charges.");
    }
}
