using System.Globalization;

namespace Billing.Bench.Ledger;

/// <summary>How fast ratings become durable charges, projections and published entries.</summary>
internal static class LedgerBench
{
    private const int LeastPerSecond = 15_000;
    private const double LeastOfCopy = 0.45, LeastTimesAlone = 10, MostCatchUpSeconds = 2;

    public static async Task Run(Arguments asked, Report report, CancellationToken cancellation)
    {
        var sizes = new LedgerRuns.Sizes(
            asked.Number("--events", asked.IsQuick ? 20_000 : 200_000),
            asked.Number("--pairs", asked.IsQuick ? 1 : 3), asked.Number("--alone", asked.IsQuick ? 300 : 3_000));
        await using var bench = await Installation.Start(report, cancellation);
        await LedgerRuns.Measure(bench, sizes, report, cancellation);
    }

    public static void LedgerPair(this Report report, int number, LedgerRuns.Pair pair)
    {
        var run = pair.Run;
        Report.Line(
            Text($"pair {number}: Ledger {run.PerSecond:N0} charges/s durable ({run.WarmPerSecond:N0} in the second ")
            + Text($"half), {run.ProjectedPerSecond:N0}/s projected; COPY {pair.CopyPerSecond:N0}/s in ")
            + Text($"transactions of {pair.CopyBatch:N0}; one at a time {pair.AlonePerSecond:N0}/s; ")
            + (run.Wrong is null ? "adds up" : $"DOES NOT ADD UP: {run.Wrong}"));
        Report.Line(
            Text($"        {run.Commits:N0} commits of {run.PerCommit:N0}; projections at most ")
            + Text($"{run.LargestDistance:N0} events behind, there {run.CatchUpSeconds:N2} s after the last commit, ")
            + Text($"entries published {run.PublishedSeconds:N2} s after it"));
        Report.Line(
            Text($"        µs of CPU per charge: Ledger {run.Micros.Ledger:N1}, PostgreSQL ")
            + Text($"{run.Micros.Postgres:N1}, broker {run.Micros.Broker:N1} (second half {run.WarmMicros.Ledger:N1}, ")
            + Text($"{run.WarmMicros.Postgres:N1}, {run.WarmMicros.Broker:N1}); {run.CoresUsed:N2} cores in use"));
        Report.Line(
            Text($"        memory of the Ledger up to {run.PeakMegabytes:N0} MiB: ")
            + string.Join(' ', run.Megabytes.Where((_, place) => place % 4 == 0)));
    }

    public static void Ledger(this Report report, int charges, IReadOnlyList<LedgerRuns.Pair> pairs)
    {
        var isSound = pairs.All(pair => pair.Run.Wrong is null);
        var (rate, copy, alone) = (
            Median(pairs.Select(pair => (double)pair.Run.PerSecond)),
            Median(pairs.Select(pair => (double)pair.CopyPerSecond)),
            Median(pairs.Select(pair => (double)pair.AlonePerSecond)));
        var ofCopy = Median(pairs.Select(pair => (double)pair.Run.PerSecond / pair.CopyPerSecond));
        var timesAlone = Median(pairs.Select(pair => (double)pair.Run.PerSecond / pair.AlonePerSecond));
        var catchUp = pairs.Max(pair => pair.Run.CatchUpSeconds);
        Report.Line();
        Report.Line(Text($"{charges:N0} charges, medians of {pairs.Count} pairs:"));
        Report.Line(Text($"  durable charges          {rate,10:N0} /s     aim ≥ {LeastPerSecond:N0}: ")
            + Met(rate >= LeastPerSecond));
        Report.Line(Text($"  binary COPY of the rows  {copy,10:N0} /s     the Ledger is {ofCopy:N2} of it, aim ≥ ")
            + Text($"{LeastOfCopy}: {Met(ofCopy >= LeastOfCopy)}"));
        Report.Line(Text($"  one charge a transaction {alone,10:N0} /s     the Ledger is {timesAlone:N1} times it, ")
            + Text($"aim ≥ {LeastTimesAlone}: {Met(timesAlone >= LeastTimesAlone)}"));
        Report.Line(Text($"  projections caught up    {catchUp,10:N2} s      after the last commit, at most; aim ≤ ")
            + Text($"{MostCatchUpSeconds}: {Met(catchUp <= MostCatchUpSeconds)}"));
        report.Keep("ledger", new { charges, rate, copy, alone, ofCopy, timesAlone, catchUp, pairs }, isSound);
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }

    private static string Met(bool isMet) => isMet ? "met" : "MISSED";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
