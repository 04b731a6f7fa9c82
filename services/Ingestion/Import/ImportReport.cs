namespace Billing.Ingestion.Import;

/// <summary>How far an import is, or what became of it.</summary>
/// <param name="TouchedAt">When lines were last taken.</param>
/// <param name="Failure">Why it ended before the file did; what came before it was taken.</param>
/// <param name="Lines">Read so far, without header and empty ones; the sum of the following.</param>
/// <param name="Waiting">Cancels and amendments whose original is not here yet.</param>
/// <param name="Unreadable">Lines that are no event at all, or of a source that the key may not use.</param>
/// <param name="Errors">The first <see cref="MostErrors"/> lines that were not taken.</param>
public sealed record ImportReport(
    Guid Id, ImportState State, bool IsDryRun, string AskedBy, DateTimeOffset StartedAt,
    DateTimeOffset TouchedAt, DateTimeOffset? EndedAt, string? Failure, long Lines, long Accepted,
    long Unmatched, long Waiting, long Duplicate, long Conflict, long Rejected, long Unreadable,
    IReadOnlyList<ImportError> Errors)
{
    public const int MostErrors = 100;

    /// <summary>A running import takes lines more often than this, or nobody is there any more.</summary>
    public static readonly TimeSpan LongestSilence = TimeSpan.FromMinutes(5);

    public static ImportState StateOf(
        DateTimeOffset? endedAt, string? failure, DateTimeOffset touchedAt, DateTimeOffset now) =>
        failure is not null ? ImportState.Failed
        : endedAt is not null ? ImportState.Done
        : now - touchedAt > LongestSilence ? ImportState.Interrupted
        : ImportState.Running;
}

/// <summary>Where an import stands.</summary>
public enum ImportState
{
    Running,

    /// <summary>Its process or its caller is gone. Send the file again.</summary>
    Interrupted,

    /// <summary>Every line has its verdict.</summary>
    Done,

    /// <summary>The file could not be read to its end.</summary>
    Failed,
}

/// <summary>A line that was not taken.</summary>
/// <param name="Line">Where it begins; the header is line 1.</param>
/// <param name="Code">A stable word; that of the event's refusal where it is an event.</param>
public sealed record ImportError(long Line, string? Source, string? Id, string Code, string Detail);

/// <summary>What a few lines add to the report.</summary>
public sealed record ImportStep(
    int Lines, int Accepted, int Unmatched, int Waiting, int Duplicate, int Conflict, int Rejected,
    int Unreadable, IReadOnlyList<ImportError> Errors);
