namespace Billing.Ingestion.Usage.Reading;

/// <summary>What the bytes of one event say: the event, or why there is none.</summary>
/// <param name="Source">As far as it could be read, also where there is no event.</param>
/// <param name="Length">Of the event's JSON, in bytes.</param>
public readonly record struct UsageReading(
    UsageEvent? Event, Refusal? Refusal, string? Source, string? Id, int Start = 0, int Length = 0)
{
    public static UsageReading Refused(Refusal refusal) => new(null, refusal, null, null);
}
