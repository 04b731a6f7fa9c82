using System.Diagnostics;
using System.Text;

namespace Billing.Bench;

/// <summary>
/// Callers that send one call after the other, each on a connection of its own, on the same machine: what they
/// cost is part of the figures.
/// </summary>
internal static class HttpRuns
{
    // Until the service has compiled itself, which is half of what it does in its first seconds.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(8);

    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(5);

    private const int Writes = 50;

    /// <param name="SynchronousWriteMilliseconds">
    /// Of the disk, just before: no answer to a lonely caller comes sooner.
    /// </param>
    public sealed record Run(
        int Batch, int Connections, long EventsPerSecond, double P50Milliseconds, double P99Milliseconds,
        long Sent, double IngestionMicros, double PostgresMicros, double ClientMicros,
        double SynchronousWriteMilliseconds, bool IsSound);

    public static async Task Measure(
        Installation bench, Settings settings, Report report, CancellationToken cancellation)
    {
        await using var ingestion = await bench.StartIngestion(cancellation);
        await ingestion.UntilReady(cancellation);
        var key = await bench.ApiKey(ingestion.Address, cancellation);
        await Send(ingestion, key, batch: 100, connections: 2, WarmUp / 2, "v", cancellation);
        await Send(ingestion, key, batch: 1, connections: 4, WarmUp, "w", cancellation);
        await Idle(bench, ingestion, report, cancellation);

        foreach (var batch in settings.Batches)
            foreach (var connections in settings.Connections)
            {
                var before = await ingestion.Look(cancellation);
                var disk = bench.SynchronousWrite(Writes);
                var (own, postgres, client) = (
                    ProcessTree.Processor(ingestion.ProcessId), ProcessTree.Processor(bench.PostgresId),
                    Environment.CpuUsage.TotalTime);
                var (times, took) = await Send(
                    ingestion, key, batch, connections, TimeSpan.FromSeconds(settings.Seconds),
                    $"h{batch}-{connections}", cancellation);
                client = Environment.CpuUsage.TotalTime - client;
                var after = await ingestion.Look(cancellation);
                var sent = (long)times.Count * batch;
                times.Sort();
                report.Http(new(
                    batch, connections, (long)(sent / took.TotalSeconds),
                    times[times.Count / 2].TotalMilliseconds,
                    times[(int)(times.Count * 0.99)].TotalMilliseconds, sent,
                    (ProcessTree.Processor(ingestion.ProcessId) - own).TotalMicroseconds / sent,
                    (ProcessTree.Processor(bench.PostgresId) - postgres).TotalMicroseconds / sent,
                    client.TotalMicroseconds / sent, disk.TotalMilliseconds,
                    after.Accepted - before.Accepted == sent && after.Received - before.Received == sent));
            }

        await Settle(ingestion, report, cancellation);
    }

    private static async Task Idle(
        Installation bench, RunningIngestion ingestion, Report report, CancellationToken cancellation)
    {
        var (own, postgres) = (
            ProcessTree.Processor(ingestion.ProcessId), ProcessTree.Processor(bench.PostgresId));
        await Task.Delay(Rest, cancellation);
        report.Idle(
            (ProcessTree.Processor(ingestion.ProcessId) - own) / Rest,
            (ProcessTree.Processor(bench.PostgresId) - postgres) / Rest);
    }

    /// <summary>Everything that was accepted is published in the end.</summary>
    public static async Task Settle(
        RunningIngestion ingestion, Report report, CancellationToken cancellation, long sent = 0)
    {
        var clock = Stopwatch.StartNew();
        while (await ingestion.Look(cancellation) is var state
            && (state.Published < state.Sent || state.Received < sent))
        {
            if (clock.Elapsed > TimeSpan.FromSeconds(60))
                throw new BenchFailed($"the relay does not get done: {state}.");
            await Task.Delay(100, cancellation);
        }

        var final = await ingestion.Look(cancellation);
        var (keys, originals, facts) = await ingestion.Count(cancellation);
        report.HttpSum(
            final.Accepted, keys, facts, clock.Elapsed,
            final.Accepted == keys && keys == originals && keys == facts && facts == final.Published);
    }

    private static async Task<(List<TimeSpan> Times, TimeSpan Took)> Send(
        RunningIngestion ingestion, string key, int batch, int connections, TimeSpan duration, string prefix,
        CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        var times = await Task.WhenAll(Enumerable.Range(0, connections).Select(caller => Task.Factory.StartNew(
            () =>
            {
                using var connection = Connect(ingestion.Address, key);
                var load = new Load($"{prefix}-{caller}", caller);
                return Calls(connection, batch, clock, duration, load, cancellation);
            }, cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        return ([.. times.SelectMany(one => one)], clock.Elapsed);
    }

    public static Caller Connect(Uri address, string key) => new(address, $"ApiKey {key}");

    private static List<TimeSpan> Calls(
        Caller caller, int batch, Stopwatch clock, TimeSpan duration, Load load, CancellationToken cancellation)
    {
        var times = new List<TimeSpan>();
        while (clock.Elapsed < duration)
        {
            cancellation.ThrowIfCancellationRequested();
            times.Add(Call(caller, load, batch));
        }

        return times;
    }

    /// <summary>From the first byte sent to the last one received.</summary>
    public static TimeSpan Call(Caller caller, Load load, int batch)
    {
        var body = load.Batch(batch);
        var began = Stopwatch.GetTimestamp();
        var answer = caller.Post(
            "/api/v1/events",
            batch == 1 ? "application/cloudevents+json" : "application/cloudevents-batch+json", body);
        var took = Stopwatch.GetElapsedTime(began);
        if (answer.Status != 202 || answer.Body.Count("\"verdict\":\"accepted\""u8) != batch)
            throw new BenchFailed(
                $"a call was not accepted: {answer.Status} {Encoding.UTF8.GetString(answer.Body)}");

        return took;
    }
}
