using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger.Periods;

/// <summary>
/// What one transaction booked into one period, so that closing adds slips instead of reading events.
/// </summary>
/// <param name="Sum">Exact.</param>
/// <param name="First">The event id of the first entry, in the order of the ledger.</param>
public readonly record struct Slip(PeriodKey Period, long Entries, Amount Sum, Guid? First, Guid? Last)
{
    public static Slip None(PeriodKey period) => new(period, 0, Amount.Zero(period.Currency), null, null);

    /// <summary>Null where the event is not booked into a period.</summary>
    public static Slip? Of(Guid id, LedgerEvent happened) => happened switch
    {
        ChargePosted charge => One(id, charge.Tenant, charge.Booking, charge.Amount),
        ChargeMoved moved => One(id, moved.Tenant, moved.Booking, moved.Amount),
        _ => null,
    };

    /// <summary>Both together; the other one is later.</summary>
    /// <exception cref="InvalidOperationException">Of another period.</exception>
    public Slip And(Slip later) => later.Period == Period
        ? new(Period, Entries + later.Entries, Sum + later.Sum, First ?? later.First, later.Last ?? Last)
        : throw new InvalidOperationException("A slip is of one period.");

    /// <summary>One slip a period, in the order in which they come first.</summary>
    public static IReadOnlyList<Slip> Of(IEnumerable<Append> appends)
    {
        var slips = new List<Slip>();
        var places = new Dictionary<PeriodKey, int>();
        foreach (var append in appends)
        {
            if (Of(append.Id, append.Event) is not { } slip) continue;
            if (places.TryAdd(slip.Period, slips.Count)) slips.Add(slip);
            else slips[places[slip.Period]] = slips[places[slip.Period]].And(slip);
        }

        return slips;
    }

    private static Slip One(Guid id, TenantId tenant, Booking booking, Amount amount) =>
        new(booking.KeyOf(tenant, amount.Currency), 1, amount, id, id);
}
