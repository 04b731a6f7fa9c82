using Microsoft.Extensions.Logging;

namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>
/// Looks every two seconds whether the topics are still what they were when they were taken over, and
/// measures how far behind we are.
/// </summary>
internal sealed partial class LookAtTopics(
    PathConsumer consumer, IReadOnlyDictionary<string, TopicIntake> intakes, TimeProvider time,
    ILogger logger)
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(2);

    private Task<IReadOnlyDictionary<string, TopicIdentity>>? _look;
    private DateTimeOffset _looked = time.GetUtcNow();

    /// <summary>True when a topic was deleted and made again, or has other partitions.</summary>
    public bool FindsAnother()
    {
        if (_look is { IsCompleted: true } look)
        {
            _look = null;
            if (look.IsCompletedSuccessfully && look.Result.Values.FirstOrDefault(IsAnother) is { } other)
            {
                Another(other.Topic);
                return true;
            }

            if (look.Exception is { InnerException: var silent }) NoLook(silent!.Message);
        }

        var now = time.GetUtcNow();
        if (_look is not null || now - _looked < BetweenLooks) return false;

        (_looked, _look) = (now, consumer.Ask());
        Measure(now);
        return false;
    }

    /// <summary>The client must not go away while it is asking.</summary>
    public void End() => _look?.ContinueWith(_ => { }, TaskScheduler.Default).Wait();

    private bool IsAnother(TopicIdentity topic) =>
        consumer.Known.TryGetValue(topic.Topic, out var known) && known != topic;

    private void Measure(DateTimeOffset now)
    {
        foreach (var partition in consumer.Client.Assignment)
            if (consumer.EndOf(partition) is < long.MaxValue and var end
                && consumer.Client.Position(partition) is { IsSpecial: false } position)
                PathMetrics.Lag(partition.Topic, partition.Partition, Math.Max(0, end - position.Value));
        foreach (var (topic, intake) in intakes) PathMetrics.Age(topic, now - intake.Oldest);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Topic} is not the topic that it was")]
    private partial void Another(string topic);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The topics cannot be looked at: {Why}")]
    private partial void NoLook(string why);
}
