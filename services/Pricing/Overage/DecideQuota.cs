using System.Numerics;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;
using Billing.Pricing.Rating;

namespace Billing.Pricing.Overage;

/// <summary>
/// Whether units may be used now: let through, let through with a warning, or stopped. An answer is as fresh
/// as the state it was made from, and says so; what is under way and not rated yet is not in it.
/// </summary>
public static class DecideQuota
{
    /// <param name="HardCap">Units of a period that are never passed.</param>
    /// <param name="SoftCap">Units of a period that may be passed for a time.</param>
    /// <param name="Grace">For how long after the soft cap was first passed.</param>
    /// <param name="SpendCap">Cost of the meter in a period that is never passed.</param>
    /// <param name="WarnAtPercent">Of each cap.</param>
    public sealed record Limits(
        Quantity? HardCap = null,
        Quantity? SoftCap = null,
        TimeSpan Grace = default,
        Amount? SpendCap = null,
        int WarnAtPercent = 80);

    /// <param name="SoftCapPassedAt">When the soft cap was first passed in the period; null: not yet.</param>
    /// <param name="AsOf">All usage up to this moment is in the tally.</param>
    public sealed record State(
        Terms Terms, Tally Tally, DateTimeOffset? SoftCapPassedAt, DateTimeOffset AsOf);

    /// <param name="Limit">The tightest cap in units; null: none.</param>
    /// <param name="Remaining">Units to that cap before these ones; never below zero.</param>
    /// <param name="HardRemaining">The same of the hard cap; null: none.</param>
    /// <param name="ResetAt">When the period ends.</param>
    public sealed record Answer(
        QuotaVerdict Verdict,
        QuotaReason Reason,
        Quantity? Limit,
        Quantity? Remaining,
        Quantity? HardRemaining,
        DateTimeOffset ResetAt,
        DateTimeOffset AsOf);

    public static Answer Decide(
        Limits limits, State state, Quantity units, PeriodTotal total, DateTimeOffset now)
    {
        var used = UsageView.UsedOf(state.Terms, state.Tally, total);
        var (verdict, reason) = Worst(
        [
            Hard(limits.HardCap, used + units, limits.WarnAtPercent),
            Soft(limits, used + units, state.SoftCapPassedAt, now),
            Spend(limits, state, units, total, now),
        ]);

        var limit = limits is { HardCap: { } hard, SoftCap: { } soft }
            ? Quantity.Min(hard, soft)
            : limits.HardCap ?? limits.SoftCap;
        return new(
            verdict, reason, limit, Left(limit, used), Left(limits.HardCap, used),
            state.Terms.Period.EndExclusive, state.AsOf);
    }

    private static Quantity? Left(Quantity? cap, Quantity used) =>
        cap is { } limit ? Quantity.Max(limit - used, Quantity.Zero) : null;

    private static (QuotaVerdict, QuotaReason) Hard(Quantity? cap, Quantity after, int warnAt)
    {
        if (cap is not { } limit) return (QuotaVerdict.Allow, QuotaReason.None);
        if (after > limit) return (QuotaVerdict.Block, QuotaReason.HardCap);

        return IsNear(after.Billionths, limit.Billionths, warnAt)
            ? (QuotaVerdict.Warn, QuotaReason.HardCap)
            : (QuotaVerdict.Allow, QuotaReason.None);
    }

    // The grace begins when the cap is first passed, so the use that passes it is let through.
    private static (QuotaVerdict, QuotaReason) Soft(
        Limits limits, Quantity after, DateTimeOffset? passedAt, DateTimeOffset now)
    {
        if (limits.SoftCap is not { } limit) return (QuotaVerdict.Allow, QuotaReason.None);
        if (after > limit)
            return passedAt is { } passed && now >= passed + limits.Grace
                ? (QuotaVerdict.Block, QuotaReason.SoftCapAfterGrace)
                : (QuotaVerdict.Warn, QuotaReason.SoftCapInGrace);

        return IsNear(after.Billionths, limit.Billionths, limits.WarnAtPercent)
            ? (QuotaVerdict.Warn, QuotaReason.SoftCap)
            : (QuotaVerdict.Allow, QuotaReason.None);
    }

    // What the units would cost is not guessed: they are rated, and the result is thrown away.
    private static (QuotaVerdict, QuotaReason) Spend(
        Limits limits, State state, Quantity units, PeriodTotal total, DateTimeOffset now)
    {
        if (limits.SpendCap is not { } cap) return (QuotaVerdict.Allow, QuotaReason.None);

        var use = new Use(new("//billing/quota", "asked"), 0, now, UsageScope.Whole, units, Distinct: "");
        var rated = RateUse.Decide(use, state.Terms, state.Tally, total);
        if (rated.As == RatedAs.TooLarge || rated.Tally.Total > cap)
            return (QuotaVerdict.Block, QuotaReason.SpendCap);

        return IsNear(rated.Tally.Total.Trillionths, cap.Trillionths, limits.WarnAtPercent)
            ? (QuotaVerdict.Warn, QuotaReason.SpendCap)
            : (QuotaVerdict.Allow, QuotaReason.None);
    }

    private static bool IsNear(Int128 after, Int128 cap, int percent) =>
        (BigInteger)after * 100 >= (BigInteger)cap * percent;

    private static (QuotaVerdict, QuotaReason) Worst((QuotaVerdict Verdict, QuotaReason Reason)[] findings) =>
        findings.MaxBy(finding => finding.Verdict);
}

public enum QuotaVerdict
{
    Allow,
    Warn,
    Block,
}

/// <summary>Which cap decided.</summary>
public enum QuotaReason
{
    None,
    HardCap,
    SoftCap,
    SoftCapInGrace,
    SoftCapAfterGrace,
    SpendCap,
}
