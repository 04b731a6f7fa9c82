namespace Billing.Contracts.Values;

/// <summary>A span of time from a moment up to, but not including, another. Both in UTC.</summary>
public sealed record BillingPeriod
{
    /// <exception cref="ArgumentException">The end is not after the start.</exception>
    public BillingPeriod(DateTimeOffset start, DateTimeOffset endExclusive)
    {
        if (endExclusive <= start)
            throw new ArgumentException("A period ends after its start.", nameof(endExclusive));

        (Start, EndExclusive) = (start.ToUniversalTime(), endExclusive.ToUniversalTime());
    }

    public DateTimeOffset Start { get; }

    public DateTimeOffset EndExclusive { get; }

    public bool Contains(DateTimeOffset moment) => Start <= moment && moment < EndExclusive;
}
