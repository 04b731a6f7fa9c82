using System.Globalization;

namespace Billing.Ledger.Rebuild;

/// <summary>A line a second: how far it is, and how fast.</summary>
internal sealed class ReportProgress(TimeProvider time, Action<string> say)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    private readonly long _begun = time.GetTimestamp();
    private long _last = time.GetTimestamp();
    private long _events;

    /// <summary>The position that it goes to; events are about as many.</summary>
    public long Target { get; set; }

    public void Took(int events)
    {
        _events += events;
        if (time.GetElapsedTime(_last) < Every && _events < Target) return;

        _last = time.GetTimestamp();
        say(string.Create(
            CultureInfo.InvariantCulture, $"{_events:N0} events of about {Target:N0}, {Rate():N0} a second"));
    }

    /// <summary>All that it took, also what came before and after the events.</summary>
    public string Whole(long position) => string.Create(
        CultureInfo.InvariantCulture,
        $"Rebuilt up to event {position} in {time.GetElapsedTime(_begun).TotalSeconds:N1} s, "
        + $"{Rate():N0} events a second with indexes and comparison");

    private long Rate() => time.GetElapsedTime(_begun) is { Ticks: > 0 } took
        ? _events * TimeSpan.TicksPerSecond / took.Ticks
        : 0;
}
