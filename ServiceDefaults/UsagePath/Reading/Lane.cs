namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>A lane that this process owns, as far as the database agrees.</summary>
internal sealed class Lane(int number, long epoch, LaneState state)
{
    // A tide is published every two seconds; three of them that are too low are no accident.
    private static readonly TimeSpan LongestLow = TimeSpan.FromSeconds(5);

    private DateTimeOffset? _lowSince;

    public int Number => number;

    public long Epoch => epoch;

    /// <summary>With everything that was decided, committed or not.</summary>
    public LaneState State { get; set; } = state;

    /// <summary>The last number that is committed.</summary>
    public long Committed { get; set; } = state.LastNumber;

    public Gap? Gap { get; set; }

    /// <summary>What is read up to, once its last number is committed; null: no tide said so.</summary>
    public (long LastNumber, DateTimeOffset Moment)? Tide { get; private set; }

    /// <summary>One that is not reached yet stays: else a busy lane would never get to a moment.</summary>
    public void Hear(long lastNumber, DateTimeOffset? readUpTo)
    {
        if (Tide is null && readUpTo is { } moment) Tide = (lastNumber, moment);
    }

    /// <summary>The moment up to which everything is committed, where that is news.</summary>
    public DateTimeOffset? Reach()
    {
        if (Tide is not { } tide || tide.LastNumber > Committed) return null;

        Tide = null;
        return tide.Moment;
    }

    /// <summary>
    /// True when the lane has to stop because of its tides. A low one may have been late, as that of a
    /// process that was thought dead; only those at the end of the partition count, and only when no good
    /// one follows.
    /// </summary>
    public bool IsLowForLong(TideVerdict verdict, bool isAtEnd, DateTimeOffset now)
    {
        if (verdict != TideVerdict.Low)
        {
            _lowSince = null;
            return false;
        }

        if (!isAtEnd) return false;

        _lowSince ??= now;
        return now - _lowSince >= LongestLow;
    }
}
