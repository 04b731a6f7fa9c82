using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger.Charges;

/// <summary>Names a day of one meter. Days are of UTC.</summary>
public readonly record struct UsageDayKey(TenantId Tenant, MeterId Meter, Currency Currency, DateOnly Day);

/// <summary>What was used on a day, and what it costs with all corrections.</summary>
/// <param name="Charges">How many charges took effect on it.</param>
public sealed record UsageDay(UsageDayKey Key, long Charges, Quantity Units, Amount Amount)
{
    /// <summary>
    /// What an event adds to its day; null where no meter is concerned. A correction counts on the day from
    /// which it is true, which is the charge's own unless it says another.
    /// </summary>
    public static UsageDay? Of(LedgerEvent happened) => happened switch
    {
        ChargePosted { Meter: { } meter } posted => Of(
            posted, meter, 1, posted.Quantity ?? Quantity.Zero, posted.Amount),
        ChargeMoved { Of.Meter: { } meter } moved => Of(
            moved, meter, 0, moved.UnitsMoved() ?? Quantity.Zero, moved.Amount),
        _ => null,
    };

    public UsageDay And(UsageDay more) =>
        new(Key, Charges + more.Charges, Units + more.Units, Amount + more.Amount);

    private static UsageDay Of(
        LedgerEvent happened, MeterId meter, long charges, Quantity units, Amount amount)
    {
        var day = DateOnly.FromDateTime(happened.Origin.EffectiveAt.UtcDateTime);
        return new(new(happened.Tenant, meter, amount.Currency, day), charges, units, amount);
    }
}
