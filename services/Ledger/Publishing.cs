using Billing.Contracts.Entries;
using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger;

/// <summary>
/// What others see of the ledger: stored event → contract message, in the order of the store. The only file
/// that knows both. The fact id of an entry is its event id.
/// </summary>
public static class Publishing
{
    /// <summary>Null for what others know already, or need not know.</summary>
    /// <exception cref="NotSupportedException">An event of which nobody has decided that.</exception>
    public static object? Of(Recorded recorded) => recorded.Event switch
    {
        ChargePosted charge => new ChargePostedV1(
            charge.Tenant, Of(charge.Booking), KindOf(charge.Kind), charge.Served(), charge.Amount,
            Of(charge.Origin), charge.Meter, charge.Quantity),
        ChargeMoved moved => Moved(moved, new(recorded.Id)),
        CreditGranted grant => new CreditGrantedV1(
            grant.Tenant, grant.Money, Of(grant.Origin), grant.ExpiresAt),
        CreditApplied applied => new CreditAppliedV1(
            applied.Tenant, applied.Invoice, applied.Money, Of(applied.Origin)),
        CreditExpired expired => new CreditExpiredV1(expired.Tenant, expired.Money, Of(expired.Origin)),
        PeriodClosed closed => new PeriodClosedV1(
            closed.Tenant, Of(closed.Booking), closed.CloseNumber, closed.Entries, closed.Sum, closed.Parked,
            closed.Unpriced, Of(closed.Origin), closed.Shortfall),
        PeriodReopened open => new PeriodReopenedV1(
            open.Tenant, Of(open.Booking), open.Currency, open.CloseNumber, Of(open.Origin)),
        CreditNoteIssued note => new InvoiceCreditedV1(
            note.Tenant, note.Invoice, note.CreditNote, [.. note.Lines.Select(Of)], note.Total,
            Of(note.Origin)),
        ChargeRefused no => new ChargeRefusedV1(
            no.Tenant, no.Rating, no.Amount, no.Serves, no.Refusal.Word(), Of(no.Origin)),
        AskRefused no => new AskRefusedV1(
            no.Tenant, no.Ask, no.Refusal.Word(), Of(no.Origin), LeftOf(no.Left)),

        // Invoicing made the invoice and reads payments where they come from; lines are told by the charge.
        InvoiceIssued or PaymentReceived or PaymentFailed or PaymentDisputed or RefundIssued or LineCorrected
            or WrittenOff => null,
        var other => throw new NotSupportedException($"{other.GetType().Name} is not published yet."),
    };

    private static object Moved(ChargeMoved moved, CorrectionId id)
    {
        var (tenant, charge, booking) = (moved.Tenant, moved.Of.Charge, Of(moved.Booking));
        var (amount, origin) = (moved.Amount, Of(moved.Origin));

        return moved switch
        {
            ChargeVoided => new ChargeVoidedV1(tenant, charge, id, booking, amount, origin),
            ChargeCredited => new ChargeCreditedV1(tenant, charge, id, booking, amount, origin),
            ChargeAdjusted adjusted => new ChargeAdjustedV1(
                tenant, charge, id, booking, amount, origin, adjusted.Units),
            ChargeTakenBack => new ChargeTakenBackV1(tenant, charge, booking, amount, origin),
            CorrectionReversed reversed => new CorrectionReversedV1(
                tenant, charge, reversed.Reversed, booking, amount, origin),
            _ => throw new NotSupportedException($"{moved.GetType().Name} is not published yet."),
        };
    }

    private static BookingV1 Of(Booking booking) => new(booking.Period, booking.Subscription);

    private static OriginV1 Of(Origin origin) => new(
        origin.EffectiveAt, origin.RecordedAt, origin.Actor, Text.Spell(origin.Cause), origin.Reason);

    private static CreditedLineV1 Of(CreditedLine line) => new(line.Line, line.Exact, line.Rounded, line.Tax);

    // For people, to the nearest minor unit: what is left of a line can be a part of one.
    private static Money? LeftOf(Amount? left) =>
        left is { } amount ? Rounding.ToMinorUnitsHalfEven(amount) : null;

    private static Contracts.Entries.ChargeKind KindOf(Events.ChargeKind kind) => kind switch
    {
        Events.ChargeKind.Use => Contracts.Entries.ChargeKind.Use,
        Events.ChargeKind.Fee => Contracts.Entries.ChargeKind.Fee,
        Events.ChargeKind.Proration => Contracts.Entries.ChargeKind.Proration,
        Events.ChargeKind.TrueUp => Contracts.Entries.ChargeKind.TrueUp,
        Events.ChargeKind.Change => Contracts.Entries.ChargeKind.Change,
        Events.ChargeKind.Merged => Contracts.Entries.ChargeKind.Merged,
        _ => throw new NotSupportedException($"{kind} is not published yet."),
    };
}
