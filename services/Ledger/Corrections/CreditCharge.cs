using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger.Corrections;

/// <summary>Gives a part of a charge back, up to what is left of it.</summary>
public static class CreditCharge
{
    /// <param name="Id">See <see cref="EventIds"/>.</param>
    /// <param name="Amount">What is given back: above zero.</param>
    public sealed record Command(
        TenantId Tenant, ChargeId Charge, CorrectionId Id, Amount Amount, Request Request);

    /// <param name="found">Null where there is no such charge.</param>
    public static Decision Decide(Command command, Correctable? found, DateTimeOffset now)
    {
        if (Correcting.Of(command.Tenant, found) is not { } state) return Decision.Refuse(Refusal.NotFound);

        if (state.Charge.Corrections.GetValueOrDefault(command.Id.Value) is { } earlier)
            return IsSame(command, earlier) ? Decision.AlreadySo : Decision.Refuse(Refusal.KeyReused);
        if (Malformed(command, state) is { } malformed) return Decision.Refuse(malformed);
        if (state.Charge.IsVoided) return Decision.Refuse(Refusal.AlreadyVoided);
        if (state.Blocked() is { } blocked) return Decision.Refuse(blocked);
        if (state.Left <= Amount.Zero(state.Left.Currency))
            return Decision.Refuse(Refusal.NothingLeft, state.Left);
        if (command.Amount > state.Left) return Decision.Refuse(Refusal.AboveWhatIsLeft, state.Left);

        return Correcting.Record(state.Charge.Stream, command.Id, new ChargeCredited(
            command.Tenant, state.Ref(-command.Amount), state.Booking, -command.Amount,
            Origin.Of(command.Request, state.Charge.Posted.Origin.EffectiveAt, now)));
    }

    private static bool IsSame(Command command, Correction earlier) =>
        earlier.Event is ChargeCredited credited && credited.Amount == -command.Amount;

    private static Refusal? Malformed(Command command, Correctable state)
    {
        if (command.Amount.Currency != state.Charge.Left.Currency) return Refusal.CurrencyDiffers;
        if (command.Amount.Trillionths <= 0) return Refusal.AmountNotPositive;
        return Correcting.Malformed(command.Request);
    }
}
