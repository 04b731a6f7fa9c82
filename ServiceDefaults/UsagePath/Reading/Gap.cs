namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>
/// Numbers of a lane that are missing, and when to ask for them: at once, again while nothing comes, in
/// pieces that a broker with little memory can hold.
/// </summary>
/// <param name="Through">The highest number that is known to exist.</param>
/// <param name="Since">When the gap was noticed.</param>
/// <param name="AskAt">Not before.</param>
/// <param name="AskedThrough">The last number that was asked for; 0 before the first time.</param>
public sealed record Gap(long Through, DateTimeOffset Since, DateTimeOffset AskAt, long AskedThrough = 0)
{
    /// <summary>Numbers in one request.</summary>
    public const int MostNumbers = 2_000;

    public static readonly TimeSpan Again = TimeSpan.FromSeconds(2);

    /// <summary>A tide may be ahead of facts that are on their way.</summary>
    public static readonly TimeSpan AfterTide = TimeSpan.FromMilliseconds(500);

    public static Gap Notice(Gap? known, long through, DateTimeOffset now, TimeSpan grace)
    {
        if (known is null) return new(through, now, now + grace);

        return known with
        {
            Through = Math.Max(known.Through, through),
            AskAt = known.AskedThrough == 0 && now + grace < known.AskAt ? now + grace : known.AskAt,
        };
    }

    /// <summary>After a fact was taken. Null when nothing is missing any more.</summary>
    public static Gap? Progress(Gap gap, long lastNumber, DateTimeOffset now)
    {
        if (lastNumber >= gap.Through) return null;

        // What was asked for has come: the next piece at once. While it comes, patience.
        var hasCome = gap.AskedThrough != 0 && lastNumber >= gap.AskedThrough;
        return gap with { AskAt = hasCome ? now : now + Again };
    }

    /// <summary>The numbers to ask for now, if any, and the gap as it is after asking.</summary>
    /// <param name="firstHeld">The lowest number that came already, where one did.</param>
    public static (Gap Gap, long From, long Through)? Ask(
        Gap gap, long lastNumber, long? firstHeld, DateTimeOffset now)
    {
        if (now < gap.AskAt) return null;

        var (from, end) = (lastNumber + 1, Math.Min(gap.Through, (firstHeld ?? long.MaxValue) - 1));
        var through = Math.Min(end, lastNumber + MostNumbers);
        return (gap with { AskAt = now + Again, AskedThrough = through }, from, through);
    }
}
