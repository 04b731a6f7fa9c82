using Billing.Contracts.Values;

namespace Billing.Contracts.Usage;

/// <summary>
/// The producer took back a usage event. An amendment is this and, next in the lane, a
/// <see cref="UsageAcceptedV1"/> with the next revision. Written by Ingestion, read by Pricing.
/// </summary>
/// <param name="Event">The event that is taken back.</param>
/// <param name="Revision">The revision of it that is taken back.</param>
/// <param name="CanceledBy">The producer's event that says so.</param>
[WireName("billing.ingestion.usage-canceled.v1")]
public sealed record UsageCanceledV1(
    TenantId Tenant, EventId Event, int Revision, EventId CanceledBy, DateTimeOffset ReceivedAt);
