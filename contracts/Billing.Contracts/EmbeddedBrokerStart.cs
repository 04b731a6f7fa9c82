namespace Billing.Contracts;

/// <summary>
/// The embedded broker forgets all when it stops and cannot be asked for the ids of its topics. A topic that
/// is named after its start tells readers that their positions mean nothing any more (docs/adr/0005).
/// </summary>
public static class EmbeddedBrokerStart
{
    private const string Prefix = "billing.embedded-broker.";

    /// <param name="id">Another one at each start.</param>
    public static string TopicOf(Guid id) => $"{Prefix}{id:N}";

    /// <summary>
    /// What tells this start from others; null where these are the topics of another broker.
    /// </summary>
    public static string? In(IEnumerable<string> topics) =>
        topics.FirstOrDefault(topic => topic.StartsWith(Prefix, StringComparison.Ordinal));
}
