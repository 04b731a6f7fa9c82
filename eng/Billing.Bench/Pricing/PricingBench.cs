using System.Globalization;

namespace Billing.Bench.Pricing;

/// <summary>What rating costs: in memory, and on the way from accepted usage to published ratings.</summary>
internal static class PricingBench
{
    private const int MostBytes = 200, MostNanosecondsOfLookUp = 1_000;

    public static async Task Run(Arguments asked, Report report, CancellationToken cancellation)
    {
        var only = asked.Value("--only");
        if (only != "usage") InMemory(asked, report);
        if (only != "memory") await UsageRuns.Measure(asked, report, cancellation);
    }

    private static void InMemory(Arguments asked, Report report)
    {
        report.Machine();
        if (!PricingRuns.IsOptimized) report.Note("NOT an optimized build: times mean little");
        PricingRuns.Measure(
            asked.Number("--events", asked.IsQuick ? 50_000 : 300_000),
            asked.Number("--pairs", asked.IsQuick ? 3 : 11), report);
    }

    public static void Pricing(
        this Report report, int events, int pairs, IReadOnlyList<PricingRuns.Figure> figures)
    {
        Report.Line();
        Report.Line(Text($"Rating {events:N0} events, medians of {pairs} pairs with the bare loop:"));
        Report.Line("                                  ns/event  × bare   bytes/event   aim");
        foreach (var one in figures)
            Report.Line(
                Text($"  {one.What,-30} {one.Nanoseconds,9:N1} {one.TimesBare,7:N1} {one.BytesPerEvent,13:N0}   ")
                + Text($"{AimOf(one)}{(one.IsSound ? "" : " DOES NOT ADD UP")}"));
        Report.Line();
        foreach (var one in figures.Where(one => one.Money != 0))
            Report.Line(Text($"  {one.What,-30} comes to {one.Money} USD, by plain decimals {one.MoneyExpected}"));
        report.Keep("pricing", new { events, pairs, figures }, figures.All(one => one.IsSound));
    }

    private static string AimOf(PricingRuns.Figure one)
    {
        if (one.Aim is { } aim)
            return Text($"≤ {aim} ×: {Met(one.TimesBare <= aim)}, ≤ {MostBytes} bytes: ")
                + Met(one.BytesPerEvent <= MostBytes);
        return one.Money == 0 ? $"< 1 µs: {Met(one.Nanoseconds < MostNanosecondsOfLookUp)}" : "";
    }

    private static string Met(bool isMet) => isMet ? "met" : "MISSED";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
