namespace Billing.PathHost;

/// <summary>
/// A clock that goes some times as fast, from now on, so that what the product waits for comes sooner. Only
/// for what compares its moments with its own: the database, the broker and others have another clock.
/// </summary>
public sealed class FastTime(int times) : TimeProvider
{
    private readonly long _start = System.GetTimestamp();
    private readonly DateTimeOffset _began = System.GetUtcNow();

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => _began.AddTicks(GetTimestamp());

    public override long GetTimestamp() => System.GetElapsedTime(_start).Ticks * times;

    public override ITimer CreateTimer(
        TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new Timer(System.CreateTimer(callback, state, Shorter(dueTime), Shorter(period)), times);

    private TimeSpan Shorter(TimeSpan time) => Shorter(time, times);

    private static TimeSpan Shorter(TimeSpan time, int times) =>
        time == Timeout.InfiniteTimeSpan ? time : time / times;

    private sealed class Timer(ITimer real, int times) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) =>
            real.Change(Shorter(dueTime, times), Shorter(period, times));

        public void Dispose() => real.Dispose();

        public ValueTask DisposeAsync() => real.DisposeAsync();
    }
}
