using Billing.Contracts;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>Asks the broker which topics these are, since offsets mean nothing on another one.</summary>
internal static class TopicIdentities
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(4);

    /// <exception cref="KafkaException">The broker does not answer, or a topic is not there.</exception>
    public static async Task<IReadOnlyDictionary<string, TopicIdentity>> Ask(
        Handle client, IReadOnlyCollection<string> topics)
    {
        using var admin = new DependentAdminClientBuilder(client).Build();
        // Of all topics: to ask for one by its name would make it on a broker that makes topics itself.
        var there = (await Task.Run(() => admin.GetMetadata(Longest))).Topics;
        var asked = there.Where(topic => topics.Contains(topic.Topic)).ToList();
        foreach (var topic in asked)
            if (topic.Error.IsError) throw new KafkaException(topic.Error);
        if (asked.Count < topics.Count) throw new KafkaException(ErrorCode.UnknownTopicOrPart);

        var ids = EmbeddedBrokerStart.In(there.Select(topic => topic.Topic)) is { } start
            ? topics.ToDictionary(topic => topic, _ => start)
            : await Ids(admin, topics);
        return asked.ToDictionary(
            topic => topic.Topic,
            topic => new TopicIdentity(topic.Topic, ids[topic.Topic], topic.Partitions.Count));
    }

    private static async Task<Dictionary<string, string>> Ids(IAdminClient admin, IEnumerable<string> topics)
    {
        var described = await admin.DescribeTopicsAsync(
            TopicCollection.OfTopicNames(topics), new DescribeTopicsOptions { RequestTimeout = Longest });
        return described.TopicDescriptions.ToDictionary(
            topic => topic.Name, topic => topic.TopicId.ToString());
    }
}
