using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Billing.Bench;

/// <summary>
/// Callers that send one call after the other, each on a connection of its own, on the same machine: what they
/// cost is part of the figures.
/// </summary>
internal static class HttpRuns
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3), Rest = TimeSpan.FromSeconds(5);

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
        await Send(ingestion, key, batch: 1, connections: 4, WarmUp, "w", cancellation);
        await Send(ingestion, key, batch: 100, connections: 2, WarmUp, "v", cancellation);
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
        using var client = Client(ingestion.Address, key, connections);
        var clock = Stopwatch.StartNew();
        var times = await Task.WhenAll(Enumerable.Range(0, connections).Select(caller => Task.Run(
            () => Caller(client, batch, clock, duration, new Load($"{prefix}-{caller}", caller), cancellation),
            cancellation)));
        return ([.. times.SelectMany(one => one)], clock.Elapsed);
    }

    public static HttpClient Client(Uri address, string key, int connections)
    {
        var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = connections })
        {
            BaseAddress = address,
        };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("ApiKey", key);
        return client;
    }

    private static async Task<List<TimeSpan>> Caller(
        HttpClient client, int batch, Stopwatch clock, TimeSpan duration, Load load,
        CancellationToken cancellation)
    {
        var times = new List<TimeSpan>();
        while (clock.Elapsed < duration) times.Add(await Call(client, load, batch, cancellation));
        return times;
    }

    /// <summary>From the first byte sent to the last one received.</summary>
    public static async Task<TimeSpan> Call(
        HttpClient client, Load load, int batch, CancellationToken cancellation)
    {
        var type = new MediaTypeHeaderValue(
            batch == 1 ? "application/cloudevents+json" : "application/cloudevents-batch+json");
        var body = load.Batch(batch);
        var began = Stopwatch.GetTimestamp();
        using var content = new ByteArrayContent(body) { Headers = { ContentType = type } };
        using var answer = await client.PostAsync("/api/v1/events", content, cancellation);
        var bytes = await answer.Content.ReadAsByteArrayAsync(cancellation);
        var took = Stopwatch.GetElapsedTime(began);
        if ((int)answer.StatusCode != 202 || Accepted(bytes, batch) != batch)
            throw new BenchFailed(
                $"a call was not accepted: {(int)answer.StatusCode} {Encoding.UTF8.GetString(bytes)}");

        return took;
    }

    private static int Accepted(byte[] answer, int batch)
    {
        var json = JsonSerializer.Deserialize<JsonElement>(answer);
        return batch == 1
            ? json.GetProperty("verdict").GetString() == "accepted" ? 1 : 0
            : json.GetProperty("items").EnumerateArray()
                .Count(item => item.GetProperty("verdict").GetString() == "accepted");
    }
}
