using Billing.Contracts.Values;

namespace Billing.Ledger.Periods;

/// <summary>
/// What the ledger knows of a subscription from the catalog, and where its periods lie. Usage without one has
/// calendar months of UTC.
/// </summary>
/// <param name="Zone">Of the subscription's time zone.</param>
public sealed record Subscription(
    SubscriptionId Id, TenantId Tenant, Currency Currency, PeriodAnchor Anchor, ZoneOffset Zone)
{
    public BillingPeriod After(BillingPeriod period) => At(period.EndExclusive);

    public BillingPeriod Before(BillingPeriod period) => At(period.Start.AddTicks(-1));

    /// <summary>The next month of UTC.</summary>
    public static BillingPeriod MonthAfter(BillingPeriod month) =>
        Contracts.Values.Periods.CalendarMonth(month.EndExclusive);

    private BillingPeriod At(DateTimeOffset moment) =>
        Contracts.Values.Periods.Containing(moment, Anchor, Zone);
}
