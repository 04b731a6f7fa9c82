using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger.Periods;

/// <summary>
/// Chooses the period that an entry is booked into: its own while that is open, else the first open one
/// behind it. What served an earlier period keeps that as its period of service.
/// </summary>
public static class BookingPeriod
{
    // Periods are closed one after another, so the first open one is near.
    private const int FurthestAhead = 1_200;

    /// <param name="guards">The guard of every period from the entry's own on that has one.</param>
    /// <param name="after">The period behind another.</param>
    public static Booking Choose(
        TenantId tenant, Currency currency, Booking own, Func<PeriodKey, PeriodGuard?> guards,
        Func<BillingPeriod, BillingPeriod> after)
    {
        for (var (booking, steps) = (own, 0); steps <= FurthestAhead; steps++)
        {
            var guard = guards(booking.KeyOf(tenant, currency)) ?? PeriodGuard.New;
            if (guard.Status == PeriodStatus.Open) return booking;

            booking = booking with { Period = after(booking.Period) };
        }

        throw new InvalidOperationException($"No open period within {FurthestAhead} of {own}.");
    }
}
