using System.Diagnostics;

namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>
/// The span of a batch. It has many causes: one is its parent, several are linked, up to a bound.
/// </summary>
internal static class BatchSpan
{
    private const int MostLinks = 32;

    public static Activity? Start(string topic, IReadOnlyList<ReadFact> facts)
    {
        if (!Telemetry.Source.HasListeners()) return null;

        var causes = facts.Select(fact => fact.Fact.Trace).OfType<string>().Distinct().Take(MostLinks)
            .Select(trace => ActivityContext.TryParse(trace, null, isRemote: true, out var context)
                ? context
                : default)
            .Where(context => context != default).ToList();
        var span = Telemetry.Source.StartActivity(
            ActivityKind.Consumer, facts.Count == 1 ? causes.FirstOrDefault() : default,
            links: causes.Select(context => new ActivityLink(context)), name: $"process {topic}");
        span?.SetTag("messaging.system", "kafka");
        span?.SetTag("messaging.destination.name", topic);
        span?.SetTag("messaging.operation.name", "process");
        span?.SetTag("messaging.operation.type", "process");
        span?.SetTag("messaging.batch.message_count", facts.Count);
        return span;
    }
}
