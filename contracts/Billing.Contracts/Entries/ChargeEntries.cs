using Billing.Contracts.Values;

namespace Billing.Contracts.Entries;

/// <summary>
/// A charge is in the ledger. Its fact id is the charge id. Written by the Ledger, read by Invoicing.
/// </summary>
/// <param name="Serves">The period that the service was in, which need not be the one that it is booked
/// into.</param>
[WireName("billing.ledger.charge-posted.v1")]
public sealed record ChargePostedV1(
    TenantId Tenant,
    BookingV1 Booking,
    ChargeKind Kind,
    BillingPeriod Serves,
    Amount Amount,
    OriginV1 Origin,
    MeterId? Meter = null,
    Quantity? Quantity = null);

public enum ChargeKind
{
    Use,
    Fee,
    Proration,
    TrueUp,
    Change,
    Merged,
}

/// <summary>All that was left of a charge was taken off. Written by the Ledger, read by Invoicing.</summary>
/// <param name="Amount">What it changes: minus what was left.</param>
[WireName("billing.ledger.charge-voided.v1")]
public sealed record ChargeVoidedV1(
    TenantId Tenant,
    ChargeId Charge,
    CorrectionId Correction,
    BookingV1 Booking,
    Amount Amount,
    OriginV1 Origin);

/// <summary>
/// A charge was set to another amount or number of units. Written by the Ledger, read by Invoicing.
/// </summary>
/// <param name="Amount">What it changes, up or down.</param>
[WireName("billing.ledger.charge-adjusted.v1")]
public sealed record ChargeAdjustedV1(
    TenantId Tenant,
    ChargeId Charge,
    CorrectionId Correction,
    BookingV1 Booking,
    Amount Amount,
    OriginV1 Origin,
    Quantity? Quantity = null);

/// <summary>A part of a charge was given back. Written by the Ledger, read by Invoicing.</summary>
/// <param name="Amount">What it changes: below zero.</param>
[WireName("billing.ledger.charge-credited.v1")]
public sealed record ChargeCreditedV1(
    TenantId Tenant,
    ChargeId Charge,
    CorrectionId Correction,
    BookingV1 Booking,
    Amount Amount,
    OriginV1 Origin);

/// <summary>
/// The producer canceled the usage behind a charge. Written by the Ledger, read by Invoicing.
/// </summary>
/// <param name="Amount">What it changes.</param>
[WireName("billing.ledger.charge-taken-back.v1")]
public sealed record ChargeTakenBackV1(
    TenantId Tenant, ChargeId Charge, BookingV1 Booking, Amount Amount, OriginV1 Origin);

/// <summary>A correction was a mistake and is undone. Written by the Ledger, read by Invoicing.</summary>
/// <param name="Amount">What it changes: the opposite of the correction.</param>
[WireName("billing.ledger.correction-reversed.v1")]
public sealed record CorrectionReversedV1(
    TenantId Tenant,
    ChargeId Charge,
    CorrectionId Reversed,
    BookingV1 Booking,
    Amount Amount,
    OriginV1 Origin);

/// <summary>
/// A rating could not be posted and waits for a person. Written by the Ledger, read by Invoicing.
/// </summary>
/// <param name="Refusal">A stable word for the reason, in kebab-case.</param>
[WireName("billing.ledger.charge-refused.v1")]
public sealed record ChargeRefusedV1(
    TenantId Tenant, ChargeId Charge, Amount Amount, BillingPeriod Serves, string Refusal, OriginV1 Origin);

/// <summary>The period that an entry is booked into; the Ledger alone chooses it.</summary>
public sealed record BookingV1(BillingPeriod Period, SubscriptionId? Subscription = null);

/// <summary>Where an entry is from and when it counts.</summary>
/// <param name="EffectiveAt">When it is true from; a correction's is its charge's unless given.</param>
/// <param name="RecordedAt">When the ledger learned it.</param>
/// <param name="Actor">A person's or a service's name.</param>
/// <param name="Cause">The fact or request that caused it.</param>
public sealed record OriginV1(
    DateTimeOffset EffectiveAt, DateTimeOffset RecordedAt, string Actor, string Cause, string? Reason = null);
