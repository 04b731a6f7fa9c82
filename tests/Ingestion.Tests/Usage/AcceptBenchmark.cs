using System.Diagnostics;
using System.Globalization;
using System.Text;
using Billing.Contracts;
using Billing.Contracts.Catalog;
using Billing.Ingestion.Usage;
using Billing.ServiceDefaults.UsagePath;
using static Billing.Ingestion.Tests.Workbench;

namespace Billing.Ingestion.Tests.Usage;

/// <summary>
/// What an event costs in CPU time, of this process and of PostgreSQL, from the message to the commit. Without
/// broker and relay; <c>./billing bench ingestion</c> measures the whole.
/// </summary>
[Explicit("A measurement, to be read by a person.")]
public class AcceptBenchmark
{
    [TestCase(1, 10_000)]
    [TestCase(500, 100_000)]
    [TestCase(5_000, 300_000)]
    public async Task events_of_one_transaction_after_another(int inBatch, int events)
    {
        await using var bench = await WithCatalog();
        await bench.Take([.. Enumerable.Range(0, 200).Select(number => (object)Tenant($"tenant-{number}"))]);
        await bench.Take(Meter("tokens_in", "llm.use", "tokens_in", Aggregation.Sum, "token"));
        var handler = new TakeRawUsage(bench.Usage);
        await Run(0, Math.Min(events / 4, 20_000));

        var (own, database, allocated, clock) =
            (Own(), await Database(bench), GC.GetTotalAllocatedBytes(), Stopwatch.StartNew());
        await Run(1, events);
        var (mine, its, seconds) = (Own() - own, await Database(bench) - database, clock.Elapsed.TotalSeconds);

        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{inBatch} in a transaction: {events / seconds:F0} events/s, process {mine.TotalMicroseconds / events:F1} µs, "
            + $"PostgreSQL {its.TotalMicroseconds / events:F1} µs, "
            + $"{(GC.GetTotalAllocatedBytes() - allocated) / events} bytes an event"));
        (await bench.Counts()).ShouldEndWith(" 0 0 0 0 0");

        async Task Run(int round, int count)
        {
            for (var from = 0; from < count; from += inBatch)
            {
                var messages = Enumerable.Range(from, inBatch).Select(number => Message(round, number)).ToList();
                await using var transaction = await bench.Transactions.Begin(default);
                await handler.Apply(new(messages, transaction, Now), default);
                await transaction.Commit(default);
            }
        }
    }

    private static RawMessage Message(int round, int number) => new(
        Topics.RawUsage, number % 8, number, default, Encoding.UTF8.GetBytes(
            $$$"""
            {"specversion":"1.0","source":"//platform/gateway/{{{number % 7}}}","id":"req-{{{round}}}-{{{number:D12}}}",
             "type":"llm.use","subject":"tenant-{{{number % 200}}}","time":"2026-03-14T11:{{{number % 60:D2}}}:00.{{{number % 1000:D3}}}Z",
             "datacontenttype":"application/json","data":{"tokens_in":{{{number % 5000}}},"tokens_out":17,"model":"small","region":"eu"}}
            """), [], Now);

    private static TimeSpan Own() => Process.GetCurrentProcess().TotalProcessorTime;

    /// <summary>Of PostgreSQL's processes behind our connections.</summary>
    private static async Task<TimeSpan> Database(Workbench bench)
    {
        var pids = await bench.Test.Ask<int[]>(bench.Test.Admin,
            "select array_agg(pid) from pg_stat_activity where usename like '%_writer'");
        return pids.Select(pid => Process.GetProcessById(pid).TotalProcessorTime)
            .Aggregate(TimeSpan.Zero, (sum, one) => sum + one);
    }
}
