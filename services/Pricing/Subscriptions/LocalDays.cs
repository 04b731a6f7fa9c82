using Billing.Contracts.Values;

namespace Billing.Pricing.Subscriptions;

/// <summary>
/// Days on the wall calendar of a subscription's time zone. A day on which something changes belongs to what
/// comes after the change, so the parts of a period have together exactly its days, whatever clocks do.
/// </summary>
public static class LocalDays
{
    public static DateOnly Of(DateTimeOffset moment, ZoneOffset zone) =>
        DateOnly.FromDateTime(moment.UtcDateTime + zone(moment));

    public static int Between(DateTimeOffset from, DateTimeOffset until, ZoneOffset zone) =>
        Of(until, zone).DayNumber - Of(from, zone).DayNumber;

    public static int In(BillingPeriod period, ZoneOffset zone) =>
        Between(period.Start, period.EndExclusive, zone);
}
