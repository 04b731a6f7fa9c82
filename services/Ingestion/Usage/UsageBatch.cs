using Billing.Ingestion.Catalog;
using Billing.ServiceDefaults.UsagePath;
using EventId = Billing.Contracts.Values.EventId;

namespace Billing.Ingestion.Usage;

/// <summary>
/// Turns decisions into rows and facts: one transaction's keys, effects and what Pricing is told.
/// </summary>
public sealed class UsageBatch(
    UsageKeys keys, CatalogSnapshot catalog, UsageFacts facts, BatchTransaction transaction,
    DateTimeOffset now)
{
    public UsageEffects Effects { get; } = new(catalog, now);

    /// <summary>Decides about a candidate whose keys are held, and does what follows.</summary>
    public Verdict Take(Candidate candidate, IReadOnlyList<(long Id, WaitingUsage Change)> waitingForIt)
    {
        var own = keys.Find(candidate.Key);
        var original = candidate.OriginalKey is { } key ? keys.Find(key) : null;
        var (verdict, becomes) = DecideUsage.Decide(
            candidate.Usage, candidate.Judgment, candidate.Digest, own?.SeenBy(candidate.Place),
            original?.Seen);

        Effects.Counts.Received(candidate.Key.SourceId, now, verdict.Kind);
        if (candidate.Usage.Sequence is { } number) Effects.Sequences.Arrived(candidate.Key.SourceId, number);
        switch (verdict.Kind)
        {
            case VerdictKind.Duplicate:
                break;
            case VerdictKind.Conflict or VerdictKind.Rejected:
                Effects.Refusals.Add(
                    candidate.Arrival, verdict.Reason!, verdict.Kind == VerdictKind.Conflict);
                if (own?.TakenBy == candidate.Place) Set(own, UsageState.Rejected);
                break;
            default:
                verdict = Taken(candidate, own!, original, verdict, becomes);
                foreach (var (id, change) in waitingForIt) ApplyWaiting(id, change, own!);
                break;
        }

        return verdict;
    }

    /// <summary>What waited for the catalog, judged again. Its key is held.</summary>
    /// <returns>False where it goes on waiting.</returns>
    public bool Retry(WaitingUsage waited)
    {
        var row = keys.Find(waited.Key);
        // Canceled or amended in the meantime, or taken by an earlier run: then it is settled.
        if (row is not { State: UsageState.Unmatched } || row.Revision != waited.Revision) return true;

        var usage = waited.Usage();
        var judgment = JudgeUsage.Match(usage, catalog);
        if (judgment.IsUnmatched) return false;

        if (judgment.IsRefused) Effects.Refusals.Add(waited, judgment.Reason!);
        else Tell(usage, row, judgment, waited.ReceivedAt, waited.Trace);
        Move(row, judgment.IsRefused ? UsageState.Rejected : UsageState.Accepted);
        return true;
    }

    private Verdict Taken(
        Candidate candidate, KeyRow own, KeyRow? original, Verdict verdict, OriginalBecomes? becomes)
    {
        if (own.TakenBy != candidate.Place)
        {
            keys.TakeFor(candidate, own);
            own.IsChanged = true;
        }

        Effects.Keep(candidate);
        var (usage, arrival) = (candidate.Usage, candidate.Arrival);
        if (becomes is { } change)
        {
            Set(own, UsageState.Applied);
            Change(usage, original!, change, candidate.Judgment, arrival, now);
        }
        else if (verdict.Kind == VerdictKind.Waiting)
            Effects.WaitForOriginal(WaitingUsage.Of(usage, own.Key, 0, arrival, now));
        else if (verdict.Kind == VerdictKind.Unmatched)
            Effects.WaitForCatalog(WaitingUsage.Of(usage, own.Key, own.Revision, arrival, now));
        else
            Tell(usage, own, candidate.Judgment, now, arrival.Trace);

        return becomes is null ? verdict with { Revision = own.Revision } : verdict;
    }

    /// <summary>A cancel or amendment that came before its original.</summary>
    private void ApplyWaiting(long waitingId, WaitingUsage waited, KeyRow original)
    {
        Effects.Settled(waitingId);
        if (keys.Find(waited.Key) is not { State: UsageState.Waiting } own) return;

        var usage = waited.Usage();
        var judgment = waited.IsCancel ? new([]) : JudgeUsage.Match(usage, catalog);
        var (verdict, becomes) = DecideUsage.Decide(usage, judgment, default, own: null, original.Seen);
        Move(own, becomes is null ? UsageState.Rejected : UsageState.Applied);
        if (becomes is { } change)
            Change(
                usage, original, change, judgment,
                new() { Original = default, Via = waited.Via, Trace = waited.Trace }, waited.ReceivedAt);
        else Effects.Refusals.Add(waited, verdict.Reason!);
    }

    private void Change(
        UsageEvent usage, KeyRow original, OriginalBecomes becomes, Judgment judgment, Arrival arrival,
        DateTimeOffset receivedAt)
    {
        var named = new EventId(usage.Source, original.Key.Id);
        if (becomes.Withdrawn is { } revision)
            transaction.Send(UsageFacts.Canceled(
                usage.Tenant, named, revision, new(usage.Source, usage.Id), receivedAt, arrival.Trace));

        original.Revision = becomes.Revision;
        Move(original, becomes.State);
        if (usage.Change!.IsCancel) return;

        if (judgment.IsUnmatched)
            Effects.WaitForCatalog(
                WaitingUsage.Of(usage, original.Key, becomes.Revision, arrival, receivedAt));
        else Tell(usage, original, judgment, receivedAt, arrival.Trace);
    }

    private void Tell(
        UsageEvent usage, KeyRow row, Judgment judgment, DateTimeOffset receivedAt, string? trace) =>
        transaction.Send(facts.Accepted(
            usage, new(usage.Source, row.Key.Id), row.Revision, judgment, receivedAt, catalog.Number, trace));

    private static void Set(KeyRow row, UsageState state)
    {
        row.State = state;
        row.IsChanged = true;
    }

    /// <summary>Another fate than the one it was counted with when it came.</summary>
    private void Move(KeyRow row, UsageState state)
    {
        Effects.Counts.Moved(row.Key.SourceId, row.ReceivedAt, row.State, state);
        Set(row, state);
    }
}
