using System.Diagnostics;
using Billing.Contracts;
using Confluent.Kafka;

namespace Billing.Bench;

/// <summary>
/// The same load for minutes, half from Kafka and half over HTTP, 100 events a call: memory has to stay where
/// it is after the first of them, and the relay has to keep up.
/// </summary>
internal static class EvenLoad
{
    private const int EachSecond = 2_000, InCall = 100;
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(100);

    /// <param name="Megabytes">Resident, the mean and the highest of the minute.</param>
    /// <param name="Behind">Facts that are not published at its end.</param>
    public sealed record Minute(int Number, long Accepted, long Megabytes, long Highest, long Behind);

    public static async Task Measure(
        Installation bench, Settings settings, Report report, CancellationToken cancellation)
    {
        await using var ingestion = await bench.StartIngestion(cancellation);
        await ingestion.UntilReady(cancellation);
        var key = await bench.ApiKey(ingestion.Address, cancellation);
        using var caller = HttpRuns.Connect(ingestion.Address, key);
        using var producer = new ProducerBuilder<Null, byte[]>(new ProducerConfig
        {
            BootstrapServers = bench.BootstrapServers,
        }).Build();

        var (kafka, http, sent) = (new Load("ek", 1), new Load("eh", 2), 0L);
        var (clock, minutes, memory) = (Stopwatch.StartNew(), new List<Minute>(), new List<long>());
        while (minutes.Count < settings.Minutes)
        {
            var due = (long)(clock.Elapsed.TotalSeconds * EachSecond);
            for (; sent < due; sent += 2 * InCall)
            {
                for (var one = 0; one < InCall; one++)
                    producer.Produce(Topics.RawUsage, new() { Value = kafka.Batch(1) });
                HttpRuns.Call(caller, http, InCall);
            }

            memory.Add(ProcessTree.ResidentBytes(ingestion.ProcessId) >> 20);
            if (clock.Elapsed.TotalMinutes >= minutes.Count + 1)
            {
                var state = await ingestion.Look(cancellation);
                minutes.Add(new(
                    minutes.Count + 1, state.Accepted, memory.Sum() / memory.Count, memory.Max(),
                    state.Sent - state.Published));
                report.Minute(minutes[^1]);
                memory.Clear();
            }

            await Task.Delay(Beat, cancellation);
        }

        producer.Flush(cancellation);
        await HttpRuns.Settle(ingestion, report, cancellation, sent);
    }
}
