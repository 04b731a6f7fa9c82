namespace Billing.Ingestion.Usage;

/// <summary>A readable arrival on its way through one transaction.</summary>
public sealed class Candidate
{
    /// <summary>Of the arrival, in the order in which verdicts are given.</summary>
    public required int Index { get; init; }

    /// <summary>In the order of deciding: changes after all events that they may point at.</summary>
    public int Place { get; set; }

    public required Arrival Arrival { get; init; }

    public required UsageEvent Usage { get; init; }

    public required UsageKey Key { get; init; }

    public required Judgment Judgment { get; init; }

    public required Guid Digest { get; init; }

    public UsageKey? OriginalKey => Usage.Change is { } change ? new(Key.SourceId, change.OriginalId) : null;

    /// <summary>What the event is under its key, if there is nothing yet that decides otherwise.</summary>
    public UsageState StateIfTaken => Usage.Change is not null ? UsageState.Waiting
        : Judgment.IsUnmatched ? UsageState.Unmatched
        : UsageState.Accepted;
}
