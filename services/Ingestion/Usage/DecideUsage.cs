namespace Billing.Ingestion.Usage;

/// <summary>The row of a key as far as it decides.</summary>
public readonly record struct KeptEvent(UsageState State, int Revision, Guid Digest, string Tenant)
{
    /// <summary>Nothing was taken under this key, or what was taken has been refused since.</summary>
    public bool IsFree => State is UsageState.Awaited or UsageState.Rejected;

    public bool IsChange => State is UsageState.Waiting or UsageState.Applied;
}

/// <summary>What becomes of an event, and of the one that it changes.</summary>
/// <param name="Original">Null where no other event changes.</param>
public readonly record struct Decision(Verdict Verdict, OriginalBecomes? Original = null);

/// <summary>What a cancel or amendment makes of its original.</summary>
/// <param name="Withdrawn">The revision that Pricing knows and has to forget; null where it knows
/// none.</param>
public readonly record struct OriginalBecomes(UsageState State, int Revision, int? Withdrawn);

/// <summary>Decides about one event by what was taken before.</summary>
public static class DecideUsage
{
    /// <param name="own">What was taken under the event's own key; null for nothing.</param>
    /// <param name="original">What was taken under the key that the event changes; null for nothing.</param>
    public static Decision Decide(
        UsageEvent usage, Judgment judgment, Guid digest, KeptEvent? own, KeptEvent? original)
    {
        // "As before" comes first: what was taken stays taken, even if it would be too old by now.
        if (own is { IsFree: false } taken)
            return new(taken.Digest == digest
                ? new(VerdictKind.Duplicate, taken.Revision, taken.State)
                : new(VerdictKind.Conflict, Reason: Refusal.Conflict));

        if (judgment.IsRefused) return Rejected(judgment.Reason!);
        if (usage.Change is { } change) return Change(usage, change, judgment, original);

        return new(judgment.IsUnmatched
            ? new(VerdictKind.Unmatched, Reason: judgment.Reason)
            : Verdict.Accepted);
    }

    private static Decision Change(
        UsageEvent usage, UsageChange change, Judgment judgment, KeptEvent? original)
    {
        if (original is not { State: not UsageState.Awaited } kept) return new(Verdict.Waiting);
        if (kept.IsChange) return Rejected(Refusal.OriginalIsAChange);
        if (kept.Tenant != usage.Tenant.ToString()) return Rejected(Refusal.OtherTenant);
        if (kept.State == UsageState.Canceled) return Rejected(Refusal.AlreadyCanceled);

        if (kept.State == UsageState.Rejected) return Rejected(Refusal.OriginalRejected);

        int? withdrawn = kept.State == UsageState.Accepted ? kept.Revision : null;
        if (change.IsCancel) return Applied(new(UsageState.Canceled, kept.Revision, withdrawn));

        // The old content is wrong whatever becomes of the new one, so it goes at once.
        var state = judgment.IsUnmatched ? UsageState.Unmatched : UsageState.Accepted;
        return Applied(new(state, kept.Revision + 1, withdrawn));
    }

    private static Decision Applied(OriginalBecomes original) =>
        new(new(VerdictKind.Accepted, original.Revision), original);

    private static Decision Rejected(Refusal reason) => new(Verdict.Rejected(reason));
}
