using System.Globalization;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.Pricing.Subscriptions;

namespace Billing.Pricing.Rating.Taking;

/// <summary>Which usage is counted together: that of one meter in one period of one subscription.</summary>
/// <param name="Subscription">Null: usage of the tenant without one.</param>
public sealed record TallyKey(
    TenantId Tenant, SubscriptionId? Subscription, MeterId Meter, Currency Currency, BillingPeriod Period)
{
    /// <summary>The same key, the same id, for ever.</summary>
    public Guid Id { get; } = DerivedId.From(
        "tally", Text.Spell(Tenant), Subscription is { } known ? Text.Spell(known) : "", Text.Spell(Meter),
        Text.Spell(Currency), Period.Start.UtcTicks.ToString(CultureInfo.InvariantCulture));

    public bool Holds(SubscriptionId? subscription, DateTimeOffset moment) =>
        subscription == Subscription && Period.Contains(moment);

    /// <summary>
    /// Where a use belongs. Null where nothing says in what currency: usage without a subscription is
    /// charged in that of the tenant's country.
    /// </summary>
    public static TallyKey? Of(
        TenantId tenant, MeterId meter, DateTimeOffset usedAt, CatalogState state, FindZone zones)
    {
        if (SubscriptionHistory.Of(tenant, usedAt, state) is not { } inForce)
            return CountryCurrencies.Find(state.Tenants[tenant].Country) is { } currency
                ? new(tenant, null, meter, currency, Periods.CalendarMonth(usedAt))
                : null;

        var history = state.Subscriptions[inForce.Subscription];
        var period = history.Period(usedAt, Zone(history, zones));
        return new(tenant, inForce.Subscription, meter, history.First.Currency, period);
    }

    /// <summary>What is in force for it by a state of the catalog.</summary>
    public Terms Terms(CatalogState state, FindZone zones)
    {
        if (Subscription is not { } subscription)
            return TermsOf.Tenant(state.Tenants[Tenant], state.Meters[Meter], Currency, Period, state);

        var history = state.Subscriptions[subscription];
        return TermsOf.Subscription(history, state.Meters[Meter], Period, state, Zone(history, zones));
    }

    private static ZoneOffset Zone(SubscriptionHistory history, FindZone zones) =>
        zones(history.First.TimeZone)
        ?? throw new InvalidOperationException($"There is no time zone {history.First.TimeZone}.");
}
