using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger.Charges;

/// <summary>
/// One step in the life of a charge. Rows are only ever added, so any past moment can be read.
/// </summary>
/// <param name="Event">The event's id; of the first step, the charge's.</param>
/// <param name="What">The stored name of the event.</param>
/// <param name="Amount">What it changes; of the first step, what was charged.</param>
/// <param name="Units">What it changes in units.</param>
public sealed record ChargeChange(
    ChargeId Charge,
    long Position,
    Guid Event,
    TenantId Tenant,
    string What,
    Amount Amount,
    Quantity? Units,
    DateTimeOffset EffectiveAt,
    DateTimeOffset RecordedAt,
    string Actor,
    string? Reason,
    CorrectionId? Reversed = null)
{
    /// <summary>Null where the event is not about a charge.</summary>
    public static ChargeChange? Of(Positioned happened) => happened.Event switch
    {
        ChargePosted posted => Of(happened, new(happened.Id), posted.Amount, posted.Quantity),
        CorrectionReversed undone => Of(happened, undone.Of.Charge, undone.Amount, undone.Units) with
        {
            Reversed = undone.Reversed,
        },
        ChargeMoved moved => Of(happened, moved.Of.Charge, moved.Amount, moved.UnitsMoved()),
        _ => null,
    };

    private static ChargeChange Of(Positioned happened, ChargeId charge, Amount amount, Quantity? units)
    {
        var origin = happened.Event.Origin;
        return new(
            charge, happened.Position, happened.Id, happened.Event.Tenant,
            EventNames.Of(happened.Event.GetType()), amount, units, origin.EffectiveAt, origin.RecordedAt,
            origin.Actor, origin.Reason);
    }
}

public enum ChargeStatus
{
    /// <summary>Counts, and is on no invoice yet.</summary>
    Pending,

    /// <summary>On an issued invoice.</summary>
    Billed,

    /// <summary>A person took off all that was left.</summary>
    Voided,

    /// <summary>The producer canceled the usage.</summary>
    TakenBack,
}

/// <summary>A charge as lists show it.</summary>
/// <param name="Period">Of the booking: its guard says whether the charge is billed.</param>
/// <param name="Left">The amount with all that has moved it.</param>
/// <param name="Position">Of the last event that changed the row.</param>
public sealed record ChargeRow(
    ChargeId Charge,
    PeriodKey Period,
    ChargeKind Kind,
    BillingPeriod Serves,
    MeterId? Meter,
    Amount Amount,
    Amount Left,
    Quantity? Units,
    DateTimeOffset EffectiveAt,
    Guid? VoidedBy,
    bool IsTakenBack,
    long Position)
{
    public static ChargeRow Of(long position, ChargeId id, ChargePosted posted) => new(
        id, posted.Booking.KeyOf(posted.Tenant, posted.Amount.Currency), posted.Kind, posted.Served(),
        posted.Meter, posted.Amount, posted.Amount, posted.Quantity, posted.Origin.EffectiveAt, null, false,
        position);

    /// <summary>After the next step of the same charge.</summary>
    public ChargeRow Evolve(ChargeChange step) => this with
    {
        Left = Left + step.Amount,
        Units = step.Units is { } units ? (Units ?? Quantity.Zero) + units : Units,
        VoidedBy = step.What == EventNames.ChargeVoided ? step.Event
            : step.Reversed?.Value == VoidedBy ? null : VoidedBy,
        IsTakenBack = IsTakenBack
            || (step.What == EventNames.ChargeTakenBack && Kind != ChargeKind.Merged),
        Position = step.Position,
    };

    /// <param name="isIssued">Whether the period that it is booked into is.</param>
    public ChargeStatus StatusIn(bool isIssued)
    {
        if (IsTakenBack) return ChargeStatus.TakenBack;
        if (VoidedBy is not null) return ChargeStatus.Voided;
        return isIssued ? ChargeStatus.Billed : ChargeStatus.Pending;
    }
}
