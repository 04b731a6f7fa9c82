namespace Billing.Testbed;

/// <summary>A clock that stands still until it is told to go on. Timers are the system's.</summary>
public sealed class VirtualTime(DateTimeOffset now) : TimeProvider
{
    private long ticks = now.UtcTicks;

    public override DateTimeOffset GetUtcNow() => new(Interlocked.Read(ref ticks), TimeSpan.Zero);

    public void Advance(TimeSpan by) => Interlocked.Add(ref ticks, by.Ticks);
}
