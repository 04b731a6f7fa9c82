using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger.Corrections;

/// <summary>Undoes a correction that was a mistake. What the producer took back stays so.</summary>
/// <remarks>
/// The line of an invoice that a correction weighed on does not get it back: the reversal is billed on a line
/// of its own, which can be credited by itself, and nothing could be credited twice.
/// </remarks>
public static class ReverseCorrection
{
    /// <param name="Id">Of the reversal; see <see cref="EventIds"/>.</param>
    /// <param name="Reversed">The correction that shall not have been.</param>
    public sealed record Command(
        TenantId Tenant, ChargeId Charge, CorrectionId Id, CorrectionId Reversed, Request Request);

    /// <param name="found">Null where there is no such charge.</param>
    public static Decision Decide(Command command, Correctable? found, DateTimeOffset now)
    {
        if (Correcting.Of(command.Tenant, found) is not { } state) return Decision.Refuse(Refusal.NotFound);

        if (state.Charge.Corrections.GetValueOrDefault(command.Id.Value) is { } earlier)
            return IsSame(command, earlier) ? Decision.AlreadySo : Decision.Refuse(Refusal.KeyReused);
        if (Correcting.Malformed(command.Request) is { } malformed) return Decision.Refuse(malformed);
        if (state.Charge.Corrections.GetValueOrDefault(command.Reversed.Value) is not { } mistake
            || mistake.Event is ChargeTakenBack or CorrectionReversed)
            return Decision.Refuse(Refusal.NoSuchCorrection);
        if (mistake.IsReversed) return Decision.Refuse(Refusal.AlreadyReversed);
        if (state.Blocked() is { } blocked) return Decision.Refuse(blocked);

        var change = -mistake.Event.Amount;
        if (change.Trillionths < 0 && -change > state.Left)
            return Decision.Refuse(Refusal.AboveWhatIsLeft, state.Left);

        return Correcting.Record(state.Charge.Stream, command.Id, new CorrectionReversed(
            command.Tenant, state.Ref(change), state.Booking, change,
            Origin.Of(command.Request, mistake.Event.Origin.EffectiveAt, now), command.Reversed,
            -mistake.Event.UnitsMoved()));
    }

    private static bool IsSame(Command command, Correction earlier) =>
        earlier.Event is CorrectionReversed reversal && reversal.Reversed == command.Reversed;
}
