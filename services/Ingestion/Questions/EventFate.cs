using Billing.Ingestion.Usage;

namespace Billing.Ingestion.Questions;

/// <summary>Everything that is known of one event.</summary>
/// <param name="State">Null when it was never taken, only refused.</param>
/// <param name="Revision">0 as first sent; one more with each amendment.</param>
/// <param name="ReceivedAt">When it was taken.</param>
/// <param name="Waits">Why it has not been told to Pricing, where it has not.</param>
/// <param name="Changes">For a cancel or amendment: the id of the event that it changes.</param>
/// <param name="ChangedBy">Cancels and amendments of this event, in the order they came.</param>
/// <param name="Original">The bytes as they came, as text; null once they were removed.</param>
/// <param name="Via">Which way it came.</param>
/// <param name="SentBy">The API key's id or the caller's name; for staff and producers.</param>
/// <param name="History">How its state changed after it was taken.</param>
/// <param name="Facts">What was told to Pricing.</param>
/// <param name="Refusals">Events of the same source and id that were not taken.</param>
public sealed record EventFate(
    string Source, string Id, string? Tenant, UsageState? State, int Revision, DateTimeOffset? ReceivedAt,
    WaitsFor? Waits, string? Changes, IReadOnlyList<EventChange> ChangedBy, string? Original, UsageVia? Via,
    string? SentBy, IReadOnlyList<EventMoment> History, IReadOnlyList<SentFact> Facts,
    IReadOnlyList<RefusedEvent> Refusals);

/// <summary>Why an event waits. It goes on by itself when that comes.</summary>
/// <param name="Code">unknown-tenant, no-meter, or no-original.</param>
public sealed record WaitsFor(string Code, string Detail);

/// <summary>A cancel or an amendment.</summary>
public sealed record EventChange(string Id, bool IsCancel, UsageState? State, DateTimeOffset ReceivedAt);

public sealed record EventMoment(DateTimeOffset At, UsageState State, int Revision);

/// <summary>A fact of the event on <c>billing.ingestion.usage.v1</c>.</summary>
/// <param name="Kind">The wire name.</param>
/// <param name="IsPublished">The broker has acknowledged it.</param>
public sealed record SentFact(
    Guid FactId, string Kind, int Revision, int Lane, long Number, DateTimeOffset SentAt, bool IsPublished);
