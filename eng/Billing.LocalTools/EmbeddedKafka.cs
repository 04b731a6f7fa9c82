namespace Billing.LocalTools;

/// <summary>What services are told where the broker is the embedded one.</summary>
public static class EmbeddedKafka
{
    /// <summary>
    /// An environment variable and its value, in milliseconds. A real broker answers a waiting reader as soon as
    /// something comes; this one does when the reader's time is over, so readers give it less.
    /// </summary>
    public static KeyValuePair<string, string> FetchWait { get; } = new("Kafka__FetchWaitMs", "100");
}
