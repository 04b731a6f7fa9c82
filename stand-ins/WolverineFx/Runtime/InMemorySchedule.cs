namespace Wolverine.Runtime;

/// <summary>Messages of queues in memory whose time has not come.</summary>
internal sealed class InMemorySchedule(TimeProvider time, Action<Envelope> release)
{
    private static readonly TimeSpan pause = TimeSpan.FromMilliseconds(100);

    private readonly PriorityQueue<Envelope, DateTimeOffset> waiting = new();
    private Task loop = Task.CompletedTask;

    public void Start(CancellationToken stopping) =>
        loop = Task.Run(() => Run(stopping), CancellationToken.None);

    public Task Stop() => loop;

    /// <summary>True when its time has not come.</summary>
    public bool Takes(Envelope envelope)
    {
        if (!envelope.IsScheduledForLater(time.GetUtcNow())) return false;

        lock (waiting) waiting.Enqueue(envelope, envelope.ScheduledTime!.Value);
        return true;
    }

    private async Task Run(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            foreach (var envelope in Due()) release(envelope);
            await Task.Delay(pause, stopping).ContinueWith(
                _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private List<Envelope> Due()
    {
        var due = new List<Envelope>();
        lock (waiting)
            while (waiting.TryPeek(out var envelope, out var at) && at <= time.GetUtcNow())
            {
                due.Add(envelope);
                waiting.Dequeue();
            }

        return due;
    }
}
