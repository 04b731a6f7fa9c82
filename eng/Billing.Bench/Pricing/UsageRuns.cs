using System.Diagnostics;
using System.Globalization;
using Billing.Bench.EndToEnd;
using Billing.Bench.Ledger;
using Billing.Contracts;
using Billing.Contracts.Usage;

namespace Billing.Bench.Pricing;

/// <summary>
/// What an accepted event costs on its way through Pricing: from a topic full of usage to ratings that are
/// committed and published. A Pricing with an empty database for each run.
/// </summary>
internal static class UsageRuns
{
    // The embedded broker forgets beyond 5 MiB a partition, and a few tenants have most of the use.
    private const int MostInEmbedded = 10_000, LongestLook = 20;
    private static readonly TimeSpan LongestStandstill = TimeSpan.FromSeconds(60), IdleTime = TimeSpan.FromSeconds(5);

    private const string Progress =
        """
        select coalesce((select sum(last_number) from read_lanes where topic = 'billing.ingestion.usage.v1'), 0)::bigint,
            coalesce((select sum(acknowledged) from relay_marks where topic = 'billing.pricing.ratings.v1'), 0)::bigint
        """;

    /// <summary>Microseconds of processor time for each event.</summary>
    internal sealed record Costs(double Pricing, double Postgres, double Broker);

    /// <param name="WarmPerSecond">In the second half: a process that has just started compiles itself.</param>
    /// <param name="Idle">Thousandths of a core, when nothing is left to do.</param>
    internal sealed record Run(
        long Events, long PerSecond, long WarmPerSecond, Costs Micros, Costs WarmMicros, Costs Idle, long Commits,
        long Megabytes, string? Wrong);

    private sealed record Mark(
        TimeSpan At, long Taken, long Published, TimeSpan Pricing, TimeSpan Postgres, TimeSpan Broker);

    public static async Task Measure(Arguments asked, Report report, CancellationToken cancellation)
    {
        await using var bench = await Installation.Start(report, cancellation);
        var events = asked.Number("--events", asked.IsQuick ? 20_000 : 100_000);
        if (bench.IsEmbedded) events = Math.Min(events, MostInEmbedded);
        var load = new UsageLoad();
        Fill(bench, load, events, cancellation);

        var runs = new List<Run>();
        for (var run = 0; run < asked.Number("--runs", asked.IsQuick ? 1 : 3); run++)
        {
            runs.Add(await Once(bench, load, cancellation));
            Print(run + 1, runs[^1]);
        }

        report.Keep("usage", new { events, runs }, runs.All(run => run.Wrong is null));
    }

    private static void Fill(Installation bench, UsageLoad load, int events, CancellationToken cancellation)
    {
        using var feed = new FactFeed(bench.BootstrapServers, Topics.Usage, Topics.Partitions, !bench.IsEmbedded);
        for (var one = 0; one < events; one++)
        {
            var usage = load.NextAccepted();
            feed.Send(
                Lanes.Of(usage.Tenant), UsageIds.Accepted(usage.Event, 0), usage.Tenant.ToString(), usage, Trace(one));
        }

        feed.Flush(cancellation);
    }

    // Ingestion gives each event the trace of the batch or request that brought it.
    private static string Trace(int number) => string.Create(
        CultureInfo.InvariantCulture, $"00-0af7651916cd43dd8448eb211c80319c-{1 + number / 500:x16}-01");

    private static async Task<Run> Once(Installation bench, UsageLoad load, CancellationToken cancellation)
    {
        var (start, data, _) = await bench.PrepareService("Pricing", Resources.Pricing, Pipeline.Seed, cancellation);
        await using var service = new BenchService("Pricing", start, data);
        Mark? first = null, half = null;
        var (mark, lastChange, clock) = (default(Mark), TimeSpan.Zero, Stopwatch.StartNew());
        while (mark is null || mark.Published < load.Sent)
        {
            await Task.Delay(LongestLook, cancellation);
            service.ShouldRun();
            var next = await Look(bench, service, clock, cancellation);
            if (next.Taken > 0) first ??= next;
            if (next.Published >= load.Sent / 2) half ??= next;
            if (mark is null || next.Published != mark.Published) lastChange = next.At;
            if (next.At - lastChange > LongestStandstill)
                throw new BenchFailed($"Pricing stands still at {next}; it said: {service.Process.Said}");
            mark = next;
        }

        var megabytes = ProcessTree.ResidentBytes(service.Process.Id) >> 20;
        var before = await Look(bench, service, clock, cancellation);
        await Task.Delay(IdleTime, cancellation);
        var idle = await Look(bench, service, clock, cancellation);
        return new(
            load.Sent, Rate(first!, mark), Rate(half!, mark), Between(first!, mark, load.Sent - first!.Taken),
            Between(half!, mark, load.Sent - half!.Published),
            Between(before, idle, (long)(idle.At - before.At).TotalMilliseconds),
            await service.Number("select count(distinct xmin::text) from uses", cancellation), megabytes,
            await WhatIsWrong(service, load, cancellation));
    }

    private static async Task<Mark> Look(
        Installation bench, BenchService service, Stopwatch clock, CancellationToken cancellation)
    {
        await using var command = service.Data.CreateCommand(Progress);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        return new(
            clock.Elapsed, row.GetInt64(0), row.GetInt64(1), ProcessTree.Processor(service.Process.Id),
            ProcessTree.Processor(bench.PostgresId), ProcessTree.Processor(bench.BrokerId));
    }

    /// <summary>Null, or what does not add up.</summary>
    private static async Task<string?> WhatIsWrong(
        BenchService service, UsageLoad load, CancellationToken cancellation)
    {
        foreach (var (what, sql) in new[]
        {
            ("uses", "select count(*) from uses where state = 0"),
            ("ratings", "select count(*) from sent_facts where topic = 'billing.pricing.ratings.v1'"),
        })
            if (await service.Number(sql, cancellation) is var found && found != load.Sent)
                return $"{found:N0} {what} instead of {load.Sent:N0}";

        await using var command = service.Data.CreateCommand("select tenant_id, sum(total) from tallies group by 1");
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var (seen, owed) = (0, load.Owed);
        for (; await rows.ReadAsync(cancellation); seen++)
            if (owed.GetValueOrDefault(rows.GetString(0)) != rows.GetDecimal(1))
                return $"{rows.GetString(0)} owes {rows.GetDecimal(1)} instead of {owed[rows.GetString(0)]}";
        return seen == owed.Count ? null : $"{seen} tenants owe something instead of {owed.Count}";
    }

    private static void Print(int number, Run run)
    {
        Report.Line(
            Text($"run {number}: {run.PerSecond:N0} events/s rated and published ({run.WarmPerSecond:N0} in the second ")
            + Text($"half) in {run.Commits:N0} commits, {run.Megabytes:N0} MiB; ")
            + (run.Wrong is null ? "adds up" : $"DOES NOT ADD UP: {run.Wrong}"));
        Report.Line("        µs of CPU per event: " + Spell(run.Micros) + "; second half: " + Spell(run.WarmMicros));
        Report.Line("        thousandths of a core with nothing to do: " + Spell(run.Idle));
    }

    private static long Rate(Mark from, Mark until) => (long)(
        (until.Published - from.Published) / Math.Max((until.At - from.At).TotalSeconds, 0.001));

    private static Costs Between(Mark from, Mark until, long count) => new(
        (until.Pricing - from.Pricing).TotalMicroseconds / Math.Max(1, count),
        (until.Postgres - from.Postgres).TotalMicroseconds / Math.Max(1, count),
        (until.Broker - from.Broker).TotalMicroseconds / Math.Max(1, count));

    private static string Spell(Costs costs) =>
        Text($"Pricing {costs.Pricing:N1}, PostgreSQL {costs.Postgres:N1}, broker {costs.Broker:N1}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
