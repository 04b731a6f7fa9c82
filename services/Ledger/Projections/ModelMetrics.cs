using System.Diagnostics.Metrics;
using Billing.ServiceDefaults;

namespace Billing.Ledger.Projections;

/// <summary>Whether the read models are behind, or stand.</summary>
internal static class ModelMetrics
{
    private static readonly Gauge<long> Position = Telemetry.Meter.CreateGauge<long>(
        "billing.ledger.models.position", "{event}", "The position that a read model is at.");

    private static readonly Gauge<long> Distance = Telemetry.Meter.CreateGauge<long>(
        "billing.ledger.models.distance", "{event}",
        "How far a read model is behind what is gap-free in the event store.");

    private static readonly Gauge<long> Stopped = Telemetry.Meter.CreateGauge<long>(
        "billing.ledger.models.stopped", "{model}", "1 where a read model has stopped, else 0.");

    private static readonly Counter<long> Events = Telemetry.Meter.CreateCounter<long>(
        "billing.ledger.models.events", "{event}", "Events that were taken into the read models.");

    public static void Note(IEnumerable<ModelRow> rows, long ceiling)
    {
        foreach (var row in rows)
        {
            var tag = new KeyValuePair<string, object?>("model", row.Name);
            Position.Record(row.Position, tag);
            Distance.Record(Math.Max(0, ceiling - row.Position), tag);
            Stopped.Record(row.IsStopped ? 1 : 0, tag);
        }
    }

    public static void Took(int events) => Events.Add(events);
}
