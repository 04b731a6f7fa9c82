using Microsoft.Extensions.Logging;

namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>
/// Makes the broker wait while an intake is full. In the consumer's thread, like everything that the client
/// is told.
/// </summary>
internal sealed partial class MakeRoom(
    PathConsumer consumer, IReadOnlyDictionary<string, TopicIntake> intakes, ILogger logger)
{
    private static readonly TimeSpan BeforePause = TimeSpan.FromMilliseconds(250);

    private readonly HashSet<string> _paused = [];

    /// <summary>
    /// False while an intake is full; after a moment of that its topic is paused, and the others go on.
    /// </summary>
    public bool IsThere()
    {
        if (consumer.HasNewPartitions) Arrange();
        foreach (var topic in _paused.Where(topic => !intakes[topic].IsFull).ToList())
        {
            consumer.Client.Resume(consumer.PartitionsOf(topic));
            _paused.Remove(topic);
            GoesOn(topic);
        }

        foreach (var (topic, intake) in intakes.Where(one => one.Value.IsFull && !_paused.Contains(one.Key)))
        {
            if (intake.Ended().Wait(BeforePause)) return false;

            consumer.Client.Pause(consumer.PartitionsOf(topic));
            _paused.Add(topic);
            Waits(topic);
        }

        return true;
    }

    // The client remembers that a partition was paused while it was somebody else's: coming back, it would
    // never be read again.
    private void Arrange()
    {
        consumer.HasNewPartitions = false;
        foreach (var topic in intakes.Keys)
            if (_paused.Contains(topic)) consumer.Client.Pause(consumer.PartitionsOf(topic));
            else consumer.Client.Resume(consumer.PartitionsOf(topic));
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Topic} has to wait")]
    private partial void Waits(string topic);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Topic} goes on")]
    private partial void GoesOn(string topic);
}
