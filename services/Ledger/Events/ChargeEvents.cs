using Billing.Contracts.Values;

namespace Billing.Ledger.Events;

// Stream <tenant>/charge/<id>.
// Stored for ever. Change a shape by adding a record; never edit one that has shipped.

/// <summary>
/// What moves the amount of a charge after it was posted. Its event id is the correction's id, or that of the
/// rating which takes the charge back.
/// </summary>
/// <param name="Amount">What it changes, up or down.</param>
public abstract record ChargeMoved(
    TenantId Tenant, ChargeRef Of, Booking Booking, Amount Amount, Origin Origin)
    : LedgerEvent(Tenant, Origin)
{
    /// <summary>What it changes in units; null where it moves money alone.</summary>
    public Quantity? UnitsMoved() => this switch
    {
        ChargeAdjusted adjusted => adjusted.Units,
        ChargeTakenBack back => back.Units,
        CorrectionReversed reversed => reversed.Units,
        _ => null,
    };
}

/// <summary>The charge that is meant, with what others need of it.</summary>
/// <param name="Serves">The period of its service.</param>
/// <param name="On">Where its period is issued and something is taken off: the line that has less
/// left.</param>
public sealed record ChargeRef(
    ChargeId Charge, ChargeKind Kind, BillingPeriod Serves, MeterId? Meter = null, LineRef? On = null);

/// <summary>A line of an invoice.</summary>
public sealed record LineRef(InvoiceId Invoice, LineId Line);

/// <summary>All that was left of a charge was taken off.</summary>
public sealed record ChargeVoided(
    TenantId Tenant, ChargeRef Of, Booking Booking, Amount Amount, Origin Origin)
    : ChargeMoved(Tenant, Of, Booking, Amount, Origin);

/// <summary>A part of a charge was given back.</summary>
public sealed record ChargeCredited(
    TenantId Tenant, ChargeRef Of, Booking Booking, Amount Amount, Origin Origin)
    : ChargeMoved(Tenant, Of, Booking, Amount, Origin);

/// <summary>A charge was set to another amount, or to another number of units at the price it had.</summary>
/// <param name="Units">What it changes in units, where it was asked for in units.</param>
public sealed record ChargeAdjusted(
    TenantId Tenant,
    ChargeRef Of,
    Booking Booking,
    Amount Amount,
    Origin Origin,
    Quantity? Units = null) : ChargeMoved(Tenant, Of, Booking, Amount, Origin);

/// <summary>The producer canceled the usage; the amount is what Pricing says that this changes.</summary>
/// <param name="Units">What it changes in units.</param>
public sealed record ChargeTakenBack(
    TenantId Tenant,
    ChargeRef Of,
    Booking Booking,
    Amount Amount,
    Origin Origin,
    ChargeTrace Trace,
    Quantity? Units = null) : ChargeMoved(Tenant, Of, Booking, Amount, Origin);

/// <summary>A correction was a mistake; amount and units are the opposite of what it changed.</summary>
public sealed record CorrectionReversed(
    TenantId Tenant,
    ChargeRef Of,
    Booking Booking,
    Amount Amount,
    Origin Origin,
    CorrectionId Reversed,
    Quantity? Units = null) : ChargeMoved(Tenant, Of, Booking, Amount, Origin);
