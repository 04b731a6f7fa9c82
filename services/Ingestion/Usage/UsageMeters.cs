using System.Diagnostics.Metrics;
using Billing.ServiceDefaults;

namespace Billing.Ingestion.Usage;

/// <summary>
/// What came in and what became of it, counted when it is committed. A commit whose answer is lost counts
/// nothing here; the exact numbers are in the delivery report.
/// </summary>
public static class UsageMeters
{
    private static readonly Counter<long> Received = Telemetry.Meter.CreateCounter<long>(
        "billing.ingestion.events", "{event}", "Usage events by verdict and way in.");

    private static readonly Counter<long> Refused = Telemetry.Meter.CreateCounter<long>(
        "billing.ingestion.refusals", "{event}", "Rejected and conflicting events by reason.");

    private static readonly string[] Verdicts =
        [.. Enum.GetNames<VerdictKind>().Select(name => name.ToLowerInvariant())];

    public static void Count(IReadOnlyList<Verdict> verdicts, IReadOnlyList<Arrival> arrivals)
    {
        if (arrivals.Count == 0) return;

        Span<int> counts = stackalloc int[Verdicts.Length];
        foreach (var verdict in verdicts)
        {
            counts[(int)verdict.Kind]++;
            if (verdict.Kind is VerdictKind.Rejected or VerdictKind.Conflict)
                Refused.Add(1, new KeyValuePair<string, object?>("code", verdict.Reason!.Code));
        }

        // All of one batch came the same way.
        var via = new KeyValuePair<string, object?>("via", arrivals[0].Via.ToString().ToLowerInvariant());
        for (var kind = 0; kind < counts.Length; kind++)
            if (counts[kind] > 0) Received.Add(counts[kind], new("verdict", Verdicts[kind]), via);
    }
}
