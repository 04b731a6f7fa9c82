using Billing.Contracts.Catalog;
using Billing.Contracts.Values;

namespace Billing.Pricing.Subscriptions;

/// <summary>A subscription as it is now, for people.</summary>
/// <param name="Plan">In force now; before the start the first one, after the end the last.</param>
/// <param name="Anchor">The local day that periods are counted from.</param>
/// <param name="Until">The moment at which it ends, once that is known.</param>
/// <param name="CurrentPeriod">Null before the start and after the end.</param>
/// <param name="Scheduled">Changes that take effect later.</param>
public sealed record SubscriptionView(
    SubscriptionId Subscription, TenantId Tenant, SubscriptionState State, PlanId Plan, string Country,
    Currency Currency, DateOnly Anchor, string TimeZone, DateTimeOffset Start, DateTimeOffset? Until,
    DateTimeOffset? TrialUntil, SubscriptionView.Period? CurrentPeriod,
    IReadOnlyList<SubscriptionView.Change> Scheduled)
{
    public sealed record Period(DateTimeOffset Start, DateTimeOffset EndExclusive);

    public sealed record Change(
        DateTimeOffset From, PlanId Plan, string Country, DateTimeOffset? Until, DateTimeOffset? TrialUntil);

    public static SubscriptionView Of(
        SubscriptionHistory subscription, FindZone zones, DateTimeOffset now)
    {
        var (first, newest) = (subscription.First, subscription.Newest);
        var inForce = subscription.InForce(now);
        var shown = inForce ?? (now < first.From ? first : newest);
        return new(
            first.Subscription, first.Tenant, StateOf(subscription, now), shown.Plan, shown.Country,
            first.Currency, first.Anchor.Day, first.TimeZone, first.From, newest.Until, shown.TrialUntil,
            inForce is null || zones(first.TimeZone) is not { } zone
                ? null
                : Shown(subscription.Period(now, zone)),
            [.. subscription.Facts.Where(fact => fact.From > now).Select(Of)]);
    }

    private static SubscriptionState StateOf(SubscriptionHistory subscription, DateTimeOffset now)
    {
        if (now < subscription.Start) return SubscriptionState.Scheduled;
        if (subscription.InForce(now) is not { } inForce) return SubscriptionState.Ended;

        return inForce.TrialUntil > now ? SubscriptionState.Trial : SubscriptionState.Active;
    }

    private static Period Shown(BillingPeriod period) => new(period.Start, period.EndExclusive);

    private static Change Of(SubscriptionSetV1 fact) =>
        new(fact.From, fact.Plan, fact.Country, fact.Until, fact.TrialUntil);
}

public enum SubscriptionState
{
    Scheduled,
    Trial,
    Active,
    Ended,
}
