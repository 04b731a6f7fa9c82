using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger.Corrections;

/// <summary>
/// Sets what is left of a charge to another amount, or the charge to another number of units at the price
/// that it had on the average: what was posted, divided by its units. Nothing is priced again; that is
/// Pricing's to do.
/// </summary>
public static class AdjustCharge
{
    /// <param name="Id">See <see cref="EventIds"/>.</param>
    public sealed record Command(
        TenantId Tenant, ChargeId Charge, CorrectionId Id, Target Target, Request Request);

    /// <summary>What shall be true afterwards.</summary>
    public abstract record Target
    {
        private Target()
        {
        }

        public sealed record Of(Amount Amount) : Target;

        public sealed record OfUnits(Quantity Units) : Target;
    }

    /// <param name="found">Null where there is no such charge.</param>
    public static Decision Decide(Command command, Correctable? found, DateTimeOffset now)
    {
        if (Correcting.Of(command.Tenant, found) is not { } state) return Decision.Refuse(Refusal.NotFound);

        if (state.Charge.Corrections.GetValueOrDefault(command.Id.Value) is { } earlier)
            return IsSame(command.Target, earlier) ? Decision.AlreadySo : Decision.Refuse(Refusal.KeyReused);
        if (Malformed(command.Target, state.Charge) is { } wrong) return Decision.Refuse(wrong);
        if (Correcting.Malformed(command.Request) is { } malformed) return Decision.Refuse(malformed);
        if (state.Charge.IsVoided) return Decision.Refuse(Refusal.AlreadyVoided);
        if (state.Blocked() is { } blocked) return Decision.Refuse(blocked);

        var (change, units) = Change(command.Target, state.Charge);
        if (change.IsZero && units is not { IsZero: false }) return Decision.Refuse(Refusal.NothingChanges);
        if (IsTooMuch(change, state)) return Decision.Refuse(Refusal.AboveWhatIsLeft, state.Left);

        return Correcting.Record(state.Charge.Stream, command.Id, new ChargeAdjusted(
            command.Tenant, state.Ref(change), state.Booking, change,
            Origin.Of(command.Request, state.Charge.Posted.Origin.EffectiveAt, now), units));
    }

    private static (Amount Amount, Quantity? Units) Change(Target target, ChargeState charge)
    {
        if (target is Target.Of to) return (to.Amount - charge.Left, null);

        var (posted, units) = (charge.Posted, ((Target.OfUnits)target).Units - charge.Units!.Value);
        return (posted.Amount.Prorate(units, posted.Quantity!.Value), units);
    }

    // A charge that is below zero, from a change of price, may be set up to zero but not further down.
    private static bool IsTooMuch(Amount change, Correctable state) =>
        change.Trillionths < 0 && -change > Largest(state.Left, Amount.Zero(change.Currency));

    private static Amount Largest(Amount left, Amount right) => left > right ? left : right;

    private static Refusal? Malformed(Target target, ChargeState charge) => target switch
    {
        Target.Of to when to.Amount.Currency != charge.Left.Currency => Refusal.CurrencyDiffers,
        Target.Of to when to.Amount.Trillionths < 0 => Refusal.AmountBelowZero,
        Target.OfUnits when charge.Posted.Quantity is not { IsZero: false } => Refusal.NoUnits,
        Target.OfUnits to when to.Units < Quantity.Zero => Refusal.AmountBelowZero,
        _ => null,
    };

    private static bool IsSame(Target target, Correction earlier) => (target, earlier.Event) switch
    {
        (Target.Of to, ChargeAdjusted { Units: null }) => earlier.Left == to.Amount,
        (Target.OfUnits to, ChargeAdjusted { Units: not null }) => earlier.Units == to.Units,
        _ => false,
    };
}
