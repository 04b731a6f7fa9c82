namespace Billing.Quota;

/// <summary>Who wants to use how much of what.</summary>
/// <param name="Units">In the meter's unit, not below zero, at most 9 decimals.</param>
public sealed record QuotaQuestion(string Tenant, string Meter, decimal Units = 1);

/// <summary>Whether the units may be used.</summary>
/// <param name="Reason">The cap that decided: <c>none</c>, <c>hard-cap</c>, <c>soft-cap</c>,
/// <c>soft-cap-in-grace</c>, <c>soft-cap-after-grace</c>, <c>spend-cap</c>; or <c>away</c>: there was no
/// answer to go by.</param>
/// <param name="Limit">The tightest cap of the period in units; null: none.</param>
/// <param name="Remaining">Units to that cap before these ones, as far as is known here; never below
/// zero.</param>
/// <param name="ResetAt">When the period ends, UTC; null without an answer.</param>
/// <param name="AsOf">What was rated by then is counted, by the clock of the service; null without an
/// answer.</param>
/// <param name="Age">How long ago the answer was asked for, by the clock of this process.</param>
public sealed record QuotaDecision(
    QuotaVerdict Verdict, string Reason, decimal? Limit = null, decimal? Remaining = null,
    DateTimeOffset? ResetAt = null, DateTimeOffset? AsOf = null, TimeSpan Age = default)
{
    /// <summary>Allow and warn go on.</summary>
    public bool IsAllowed => Verdict != QuotaVerdict.Block;
}

/// <summary>In the order of severity.</summary>
public enum QuotaVerdict
{
    Allow,

    /// <summary>Near a cap, or behind a soft one in its grace.</summary>
    Warn,
    Block,
}
