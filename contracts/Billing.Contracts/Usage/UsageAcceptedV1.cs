using Billing.Contracts.Values;

namespace Billing.Contracts.Usage;

/// <summary>A usage event was accepted, once and for ever. Written by Ingestion, read by Pricing.</summary>
/// <param name="Revision">0 as first sent; one more with each amendment.</param>
/// <param name="Type">CloudEvents' type: what happened.</param>
/// <param name="UsedAt">CloudEvents' time: the moment of use.</param>
/// <param name="Properties">CloudEvents' data, flat; numbers in their canonical spelling.</param>
/// <param name="Measures">One for each meter that the event feeds, at least one.</param>
/// <param name="CatalogNumber">The catalog's number by which the meters were found.</param>
[WireName("billing.ingestion.usage-accepted.v1")]
public sealed record UsageAcceptedV1(
    TenantId Tenant,
    EventId Event,
    int Revision,
    string Type,
    DateTimeOffset UsedAt,
    DateTimeOffset ReceivedAt,
    UsageScope Scope,
    Properties Properties,
    IReadOnlyList<MeasureV1> Measures,
    long CatalogNumber);

/// <summary>What one meter takes from one event.</summary>
/// <param name="Quantity">In the meter's unit; 1 where the meter counts.</param>
/// <param name="Distinct">The value whose distinct occurrences the meter counts, where it does.</param>
public sealed record MeasureV1(MeterId Meter, Quantity Quantity, string? Distinct = null);

/// <summary>Which part of the use an event speaks of.</summary>
public enum UsageScope
{
    /// <summary>All use; allowances and limits are still to be taken off.</summary>
    Whole,

    /// <summary>Units beyond the limit only, as reported on <see cref="Topics.QuotaExceeded"/>.</summary>
    OverLimit,
}
