using System.Diagnostics.Metrics;

namespace Billing.ServiceDefaults.UsagePath.Relaying;

/// <summary>Whether the way out is behind or in trouble.</summary>
internal static class RelayMetrics
{
    private static readonly Gauge<long> distance = Telemetry.Meter.CreateGauge<long>(
        "billing.path.relay.distance", "{fact}", "Facts that are committed and not acknowledged.");

    private static readonly Counter<long> replayed = Telemetry.Meter.CreateCounter<long>(
        "billing.path.relay.replayed", "{fact}", "Facts that a reader asked for and got again.");

    private static readonly Counter<long> failures = Telemetry.Meter.CreateCounter<long>(
        "billing.path.relay.failures", "{message}", "Messages that Kafka did not take; they go again.");

    private static readonly Counter<long> forgotten = Telemetry.Meter.CreateCounter<long>(
        "billing.path.relay.forgotten", "{fact}", "Facts that found no room in memory and are read again.");

    public static void Distance(string topic, long facts) => distance.Record(facts, Tag(topic));

    public static void Replayed(string topic, int facts) => replayed.Add(facts, Tag(topic));

    public static void Failed(string topic) => failures.Add(1, Tag(topic));

    public static void Forgotten(IReadOnlyList<NumberedFact> facts)
    {
        foreach (var fact in facts) forgotten.Add(1, Tag(fact.Fact.Topic));
    }

    private static KeyValuePair<string, object?> Tag(string topic) =>
        new("messaging.destination.name", topic);
}
