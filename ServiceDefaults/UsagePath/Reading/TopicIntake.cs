using Confluent.Kafka;

namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>
/// What was drained of one topic and waits for the batch at work, so that decoding and fetching overlap the
/// running transaction. Bounded: a full one makes the broker wait.
/// </summary>
internal sealed class TopicIntake(ITopicWork work, TimeProvider time)
{
    private const int MostMessages = 5_000;
    private const long MostBytes = 8 * 1024 * 1024;

    private static readonly TimeSpan BetweenTends = TimeSpan.FromMilliseconds(250);

    // A batch costs the same for one message as for fifty: round trips, a commit, a request to the broker for
    // each partition that it writes to. What comes alone does not wait.
    private static readonly TimeSpan BetweenBatches = TimeSpan.FromMilliseconds(40);

    private List<ConsumeResult<byte[], byte[]>> _gathered = [];
    private List<object?> _ahead = [];
    private List<ConsumeResult<byte[], byte[]>> _atWork = [];
    private long _bytes;
    private DateTimeOffset _tended;
    private long? _began;

    public ITopicWork Work => work;

    public Task Running { get; private set; } = Task.CompletedTask;

    public bool IsBusy => !Running.IsCompleted;

    public bool IsFull => _gathered.Count >= MostMessages || _bytes >= MostBytes;

    public bool HasNext => _gathered.Count > 0;

    /// <summary>How long what was gathered has to wait for more.</summary>
    public TimeSpan Rest => _began is { } began && !IsFull && BetweenBatches > time.GetElapsedTime(began)
        ? BetweenBatches - time.GetElapsedTime(began)
        : TimeSpan.Zero;

    /// <summary>When the oldest message that is not processed was written.</summary>
    public DateTimeOffset? Oldest => (_atWork.FirstOrDefault() ?? _gathered.FirstOrDefault()) is { } oldest
        ? new(oldest.Message.Timestamp.UtcDateTime, TimeSpan.Zero)
        : null;

    public void Gather(ConsumeResult<byte[], byte[]> message)
    {
        _gathered.Add(message);
        _ahead.Add(work.Read(message));
        _bytes += MessageBytes.Of(message);
    }

    /// <summary>
    /// Begins what is to be done, unless something is at work. Throws what the last work threw.
    /// </summary>
    /// <returns>The messages of the batch that has ended since.</returns>
    public IReadOnlyList<ConsumeResult<byte[], byte[]>> Pump(
        Func<TopicPartition, long> endOf, bool isUrgent, StopTokens stop)
    {
        if (IsBusy) return [];

        Running.GetAwaiter().GetResult();
        var done = _atWork;
        _atWork = [];
        if (stop.Soft.IsCancellationRequested) return done;

        var now = time.GetUtcNow();
        var isTendDue = isUrgent || now - _tended >= BetweenTends;
        var isBatchDue = _gathered.Count > 0 && Rest <= TimeSpan.Zero;
        if (!isBatchDue && !isTendDue) return done;

        if (_gathered.Count > 0) _began = time.GetTimestamp();
        var bundle = new Bundle(_gathered, Ends(_gathered, endOf)) { Ahead = _ahead };
        (_atWork, _gathered, _ahead, _bytes) = (_gathered, [], [], 0);
        if (isTendDue) _tended = now;
        Running = Task.Run(() => Run(bundle, isTendDue, isUrgent, stop), CancellationToken.None);
        return done;
    }

    /// <summary>Completes when nothing is at work, and does not throw.</summary>
    public Task Ended() => Running.ContinueWith(
        _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously,
        TaskScheduler.Default);

    /// <summary>Forgets what was gathered.</summary>
    /// <returns>The messages of the last batch, where that has ended well.</returns>
    public IReadOnlyList<ConsumeResult<byte[], byte[]>> End()
    {
        var done = Running.IsCompletedSuccessfully ? _atWork : [];
        (_atWork, _gathered, _ahead, _bytes, Running) = ([], [], [], 0, Task.CompletedTask);
        return done;
    }

    private async Task Run(Bundle bundle, bool isTendDue, bool isUrgent, StopTokens stop)
    {
        if (bundle.Messages.Count > 0) await work.Apply(bundle, stop);
        if (isTendDue && !stop.Soft.IsCancellationRequested) await work.Tend(isUrgent, stop);
    }

    private static Dictionary<int, long> Ends(
        List<ConsumeResult<byte[], byte[]>> messages, Func<TopicPartition, long> endOf) =>
        messages.Select(message => message.TopicPartition).Distinct()
            .ToDictionary(partition => partition.Partition.Value, endOf);
}
