using System.Diagnostics;
using System.Text;
using Billing.Contracts;
using Confluent.Kafka;

namespace Billing.ServiceDefaults.Kafka;

/// <summary>
/// Carries the trace over a hop: W3C headers on the message, OpenTelemetry's messaging spans at both ends.
/// </summary>
public static class KafkaTrace
{
    /// <summary>
    /// The span of a send. It puts itself into the headers, so that the reader continues it.
    /// </summary>
    public static Activity? Send(string topic, Headers headers)
    {
        var span = Telemetry.Source.StartActivity($"send {topic}", ActivityKind.Producer);
        Describe(span, topic, "send", "send");
        Inject(span ?? Activity.Current, headers);
        return span;
    }

    /// <summary>The span of working on one message, child of the span that sent it.</summary>
    public static Activity? Process(string topic, Headers? headers, string group)
    {
        var span = Telemetry.Source.StartActivity(
            $"process {topic}", ActivityKind.Consumer, Extract(headers));
        Describe(span, topic, "process", "process");
        span?.SetTag("messaging.consumer.group.name", group);
        return span;
    }

    public static void Inject(Activity? span, Headers headers)
    {
        if (span is not { IdFormat: ActivityIdFormat.W3C, Id: { } id }) return;

        headers.Remove(FactHeaders.TraceParent);
        headers.Remove(FactHeaders.TraceState);
        headers.Add(FactHeaders.TraceParent, Encoding.ASCII.GetBytes(id));
        if (!string.IsNullOrEmpty(span.TraceStateString))
            headers.Add(FactHeaders.TraceState, Encoding.ASCII.GetBytes(span.TraceStateString));
    }

    /// <summary>
    /// Nothing, when the headers carry no trace or a broken one: a message is never refused for that.
    /// </summary>
    public static ActivityContext Extract(Headers? headers) =>
        ActivityContext.TryParse(
            Text(headers, FactHeaders.TraceParent), Text(headers, FactHeaders.TraceState), isRemote: true,
            out var context)
            ? context
            : default;

    private static string? Text(Headers? headers, string name) =>
        headers is not null && headers.TryGetLastBytes(name, out var bytes) && bytes is not null
            ? Encoding.ASCII.GetString(bytes)
            : null;

    private static void Describe(Activity? span, string topic, string operation, string type)
    {
        span?.SetTag("messaging.system", "kafka");
        span?.SetTag("messaging.destination.name", topic);
        span?.SetTag("messaging.operation.name", operation);
        span?.SetTag("messaging.operation.type", type);
    }
}
