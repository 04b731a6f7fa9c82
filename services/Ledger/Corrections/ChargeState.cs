using System.Collections.Immutable;
using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger.Corrections;

/// <summary>What decides about one charge: how it was posted, and its stream since.</summary>
/// <param name="Left">Its amount with all that has moved it.</param>
/// <param name="Units">Its units likewise; null where it never had any.</param>
/// <param name="Corrections">By the id of their events.</param>
public sealed record ChargeState(
    ChargeId Id,
    ChargePosted Posted,
    Amount Left,
    Quantity? Units,
    bool IsVoided,
    bool IsTakenBack,
    ImmutableDictionary<Guid, Correction> Corrections)
{
    public static ChargeState Of(ChargeId id, ChargePosted posted) => new(
        id, posted, posted.Amount, posted.Quantity, false, false,
        ImmutableDictionary<Guid, Correction>.Empty);

    /// <summary>A person moved it, and that stands.</summary>
    public bool IsCorrected => Corrections.Values.Any(correction =>
        correction is { IsReversed: false, Event: ChargeVoided or ChargeCredited or ChargeAdjusted });

    // Of a merged one a part was taken back; the rest is charged still.
    private bool IsOne => Posted.Kind != ChargeKind.Merged;

    public StreamId Stream => new StreamId.Charge(Posted.Tenant, Id);

    /// <param name="on">The line of an invoice that the correction weighs on.</param>
    public ChargeRef Ref(LineRef? on = null) => new(Id, Posted.Kind, Posted.Served(), Posted.Meter, on);

    public ChargeState Evolve(Recorded happened) => happened.Event switch
    {
        ChargeVoided voided => Moved(happened.Id, voided) with { IsVoided = true },
        ChargeCredited credited => Moved(happened.Id, credited),
        ChargeAdjusted adjusted => Moved(happened.Id, adjusted),
        ChargeTakenBack back => Moved(happened.Id, back) with { IsTakenBack = IsOne },
        CorrectionReversed reversed => Undone(reversed).Moved(happened.Id, reversed),
        _ => this,
    };

    private ChargeState Moved(Guid id, ChargeMoved moved)
    {
        var left = Left + moved.Amount;
        var units = moved.UnitsMoved() is { } change ? (Units ?? Quantity.Zero) + change : Units;
        return this with
        {
            Left = left,
            Units = units,
            Corrections = Corrections.SetItem(id, new(moved, left, units, IsReversed: false)),
        };
    }

    private ChargeState Undone(CorrectionReversed reversal)
    {
        if (Corrections.GetValueOrDefault(reversal.Reversed.Value) is not { } correction) return this;

        return this with
        {
            IsVoided = IsVoided && correction.Event is not ChargeVoided,
            Corrections = Corrections.SetItem(
                reversal.Reversed.Value, correction with { IsReversed = true }),
        };
    }
}

/// <summary>One event of a charge's stream.</summary>
/// <param name="Left">What was left of the charge after it.</param>
/// <param name="Units">How many units it had after it.</param>
public sealed record Correction(ChargeMoved Event, Amount Left, Quantity? Units, bool IsReversed);
