using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger.Periods;

/// <summary>
/// Pricing has answered that a period has all its usage. Reading in order, the ledger has it too: it adds up
/// the slips and closes.
/// </summary>
public static class ClosePeriod
{
    /// <param name="CloseNumber">1 for the first close, one more after each reopening.</param>
    /// <param name="Parked">Facts that wait for a person.</param>
    /// <param name="Unpriced">Facts that wait for a price.</param>
    public sealed record Command(
        TenantId Tenant,
        Currency Currency,
        Booking Booking,
        int CloseNumber,
        long Parked,
        long Unpriced,
        Request Request,
        string? Shortfall = null)
    {
        public PeriodKey Key => Booking.KeyOf(Tenant, Currency);
    }

    /// <param name="booked">All slips of the period together, those of this transaction too.</param>
    public static Decision Decide(Command command, PeriodGuard guard, Slip booked, DateTimeOffset now)
    {
        // The answer to a close that was made, and perhaps undone since, says nothing new.
        if (command.CloseNumber > 0 && command.CloseNumber <= guard.CloseNumber) return Decision.AlreadySo;
        if (guard.Status == PeriodStatus.Issued) return Decision.Refuse(Refusal.PeriodIssued);
        if (guard.Status == PeriodStatus.Closed || command.CloseNumber != guard.CloseNumber + 1)
            return Decision.Refuse(Refusal.CloseNumberDiffers);

        return Decision.Record(new Append(
            new StreamId.Period(command.Key),
            EventIds.Of(command.Tenant, command.Request.Cause, EventNames.PeriodClosed),
            new PeriodClosed(
                command.Tenant, command.Booking, command.CloseNumber, booked.Entries, booked.Sum,
                command.Parked, command.Unpriced,
                Origin.Of(command.Request, command.Booking.Period.EndExclusive, now),
                booked.First, booked.Last, command.Shortfall)));
    }
}
