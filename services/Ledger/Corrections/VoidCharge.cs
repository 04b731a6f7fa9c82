using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger.Corrections;

/// <summary>Takes off all that is left of a charge.</summary>
public static class VoidCharge
{
    /// <param name="Id">See <see cref="EventIds"/>.</param>
    public sealed record Command(TenantId Tenant, ChargeId Charge, CorrectionId Id, Request Request);

    /// <param name="found">Null where there is no such charge.</param>
    public static Decision Decide(Command command, Correctable? found, DateTimeOffset now)
    {
        if (Correcting.Of(command.Tenant, found) is not { } state) return Decision.Refuse(Refusal.NotFound);

        if (state.Charge.Corrections.GetValueOrDefault(command.Id.Value) is { } earlier)
            return earlier.Event is ChargeVoided ? Decision.AlreadySo : Decision.Refuse(Refusal.KeyReused);
        if (Correcting.Malformed(command.Request) is { } malformed) return Decision.Refuse(malformed);
        if (state.Charge.IsVoided) return Decision.Refuse(Refusal.AlreadyVoided);
        if (state.Blocked() is { } blocked) return Decision.Refuse(blocked);
        if (state.Left.IsZero) return Decision.Refuse(Refusal.NothingLeft, state.Left);

        return Correcting.Record(state.Charge.Stream, command.Id, new ChargeVoided(
            command.Tenant, state.Ref(-state.Left), state.Booking, -state.Left,
            Origin.Of(command.Request, state.Charge.Posted.Origin.EffectiveAt, now)));
    }
}
