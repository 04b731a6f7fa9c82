using Billing.Contracts.Usage;
using Billing.Contracts.Values;
using EventId = Billing.Contracts.Values.EventId;

namespace Billing.Pricing.Rating;

/// <summary>What one meter takes from one usage event, as far as its price depends on it.</summary>
/// <param name="Distinct">The value whose distinct occurrences the meter counts, where it does.</param>
/// <param name="Dimensions">The properties of the event; a price may ask for some.</param>
public sealed record Use(
    EventId Event,
    int Revision,
    DateTimeOffset UsedAt,
    UsageScope Scope,
    Quantity Quantity,
    string? Distinct = null,
    Properties? Dimensions = null)
{
    public static Use Of(UsageAcceptedV1 usage, MeasureV1 measure) => new(
        usage.Event, usage.Revision, usage.UsedAt, usage.Scope, measure.Quantity, measure.Distinct,
        usage.Properties);
}
