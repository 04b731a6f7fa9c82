using System.Diagnostics.Metrics;

namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>Whether the way in is behind or in trouble.</summary>
internal static class PathMetrics
{
    private static readonly Counter<long> messages = Telemetry.Meter.CreateCounter<long>(
        "billing.path.messages", "{message}", "Messages read, by what became of them: taken, dropped, held.");

    private static readonly Counter<long> replaysAsked = Telemetry.Meter.CreateCounter<long>(
        "billing.path.replays.asked", "{request}", "Requests for facts that are missing.");

    private static readonly Gauge<long> lag = Telemetry.Meter.CreateGauge<long>(
        "billing.path.lag", "{message}",
        "Messages of a partition that the broker has and this process has not.");

    private static readonly Gauge<long> age = Telemetry.Meter.CreateGauge<long>(
        "billing.path.age", "ms",
        "Age of the oldest message that was read and is not processed; 0 for none.");

    private static readonly Gauge<long> held = Telemetry.Meter.CreateGauge<long>(
        "billing.path.held", "{message}", "Facts that wait for numbers before them.");

    private static readonly Gauge<long> gaps = Telemetry.Meter.CreateGauge<long>(
        "billing.path.gaps", "{lane}", "Lanes in which numbers are missing.");

    private static readonly Gauge<long> gapAge = Telemetry.Meter.CreateGauge<long>(
        "billing.path.gaps.age", "ms", "How long the oldest gap has been open; 0 for none.");

    private static readonly Gauge<long> stopped = Telemetry.Meter.CreateGauge<long>(
        "billing.path.lanes.stopped", "{lane}", "Lanes that contradict themselves and wait for a person.");

    private static readonly Gauge<long> parked = Telemetry.Meter.CreateGauge<long>(
        "billing.path.parked", "{message}", "Messages that could not be applied and wait for a person.");

    private static readonly Gauge<long> waiting = Telemetry.Meter.CreateGauge<long>(
        "billing.path.waiting", "{fact}", "Facts that wait for news, by kind.");

    public static void Read(string topic, int taken, int dropped, int held)
    {
        Add(topic, taken, "taken");
        Add(topic, dropped, "dropped");
        Add(topic, held, "held");
    }

    public static void ReplayAsked(string topic) => replaysAsked.Add(1, Tag(topic));

    public static void Lag(string topic, int partition, long distance) => lag.Record(
        distance, Tag(topic),
        new KeyValuePair<string, object?>("messaging.destination.partition.id", partition));

    public static void Age(string topic, TimeSpan? oldest) => age.Record(Milliseconds(oldest), Tag(topic));

    public static void Gaps(string topic, int heldFacts, int lanes, TimeSpan? oldest)
    {
        held.Record(heldFacts, Tag(topic));
        gaps.Record(lanes, Tag(topic));
        gapAge.Record(Milliseconds(oldest), Tag(topic));
    }

    public static void Stopped(string topic, long lanes) => stopped.Record(lanes, Tag(topic));

    public static void Parked(string topic, long count) => parked.Record(count, Tag(topic));

    public static void Waiting(string kind, long count) =>
        waiting.Record(count, new KeyValuePair<string, object?>("kind", kind));

    private static void Add(string topic, int count, string became)
    {
        if (count > 0) messages.Add(count, Tag(topic), new KeyValuePair<string, object?>("outcome", became));
    }

    private static long Milliseconds(TimeSpan? length) =>
        length is { Ticks: > 0 } known ? known.Ticks / TimeSpan.TicksPerMillisecond : 0;

    private static KeyValuePair<string, object?> Tag(string topic) =>
        new("messaging.destination.name", topic);
}
