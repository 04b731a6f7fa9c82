using Confluent.Kafka;

namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>What the consumer's loop needs of a topic, be it numbered or raw.</summary>
internal interface ITopicWork
{
    string Topic { get; }

    /// <summary>
    /// In the consumer's thread, when the broker gave us partitions. Partition → where to begin.
    /// </summary>
    Task<IReadOnlyDictionary<int, Offset>> TakeOver(
        IReadOnlyList<int> partitions, TopicIdentity topic, CancellationToken cancellation);

    /// <summary>In the consumer's thread: these partitions are somebody else's now.</summary>
    void Release(IReadOnlyList<int> partitions);

    /// <summary>
    /// In the consumer's thread: what was to be read next is gone, so the partition begins again.
    /// </summary>
    void Restart(int partition);

    /// <summary>In the consumer's thread: what can be made of a message before its turn comes.</summary>
    object? Read(ConsumeResult<byte[], byte[]> message) => null;

    /// <summary>One bundle at a time. What it throws makes the whole consumer begin again.</summary>
    Task Apply(Bundle bundle, StopTokens stop);

    /// <summary>Between bundles, several times a second: what is due without messages.</summary>
    /// <param name="isUrgent">Somebody said that there is something.</param>
    Task Tend(bool isUrgent, StopTokens stop);
}

/// <summary>A topic as it is at the moment.</summary>
/// <param name="Id">Another one when the topic was deleted and made again, or the embedded broker
/// restarted.</param>
internal sealed record TopicIdentity(string Topic, string Id, int Partitions);
