using System.Diagnostics.Metrics;
using Billing.ServiceDefaults;

namespace Billing.Ledger.Charges;

/// <summary>What becomes of facts, as counters.</summary>
internal static class PostingMetrics
{
    private static readonly Counter<long> Facts = Telemetry.Meter.CreateCounter<long>(
        "billing.ledger.facts", "{fact}", "Facts of Pricing by what became of them.");

    public static void Count(PostedRatings posted)
    {
        Count("recorded", posted.Appends.Count - posted.Suspended.Count);
        Count("duplicate", posted.Duplicates);
        Count("waiting", posted.Waiting.Count);
        Count("suspended", posted.Suspended.Count);
    }

    private static void Count(string fate, int count)
    {
        if (count > 0) Facts.Add(count, new KeyValuePair<string, object?>("fate", fate));
    }
}
