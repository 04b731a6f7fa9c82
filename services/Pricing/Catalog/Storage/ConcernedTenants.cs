using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Subscriptions;

namespace Billing.Pricing.Catalog.Storage;

/// <summary>
/// Whose terms a change of the catalog may touch. Rather one too many: who has no usage under the terms finds
/// nothing to rate, while one who was left out would be charged by terms that do not hold.
/// </summary>
public static class ConcernedTenants
{
    /// <param name="catalog">After the change; a rule is for the same ones in all its versions.</param>
    public static IReadOnlyList<TermsChanged> Of(
        IReadOnlyList<(FactId Id, object Fact)> facts, KnownCatalog catalog)
    {
        var parts = new Dictionary<TenantId, Dictionary<(MeterId?, SubscriptionId?), TermsChanged.Part>>();
        var prices = new Dictionary<PriceFor, FactId>(); // an import has many prices for the same ones
        foreach (var (id, fact) in facts)
        {
            if (PriceFor.Of(fact, catalog.State) is { } price) prices[price] = id;
            foreach (var (tenant, subscription) in Of(fact, catalog.State))
                Add(tenant, new(id, MeterOf(fact), subscription));
        }

        foreach (var (price, id) in prices)
            foreach (var tenant in price.Tenants(catalog.State)) Add(tenant, new(id, price.Meter));

        return
        [
            .. parts.OrderBy(tenant => tenant.Key.ToString(), StringComparer.Ordinal)
                .Select(tenant => new TermsChanged(tenant.Key, catalog.Number, [.. tenant.Value.Values])),
        ];

        void Add(TenantId tenant, TermsChanged.Part part)
        {
            if (!parts.TryGetValue(tenant, out var known)) parts.Add(tenant, known = []);
            known[(part.Meter, part.Subscription)] = part;
        }
    }

    private static IEnumerable<(TenantId, SubscriptionId?)> Of(object fact, CatalogState state) => fact switch
    {
        // A tenant's country chooses the prices of usage without a subscription.
        TenantSetV1 tenant when state.FormerCountries.ContainsKey(tenant.Tenant) => [(tenant.Tenant, null)],
        PlanPublishedV1 { Version: > 1 } plan => state.Subscriptions.Values
            .Where(subscription => subscription.Facts.Any(terms => terms.Plan == plan.Plan))
            .Select(subscription =>
                (subscription.First.Tenant, (SubscriptionId?)subscription.First.Subscription)),
        SubscriptionSetV1 subscription => [(subscription.Tenant, subscription.Subscription)],
        OverageSourceSetV1 source => [(source.Tenant, null)],
        TenantAllowanceSetV1 allowance => [(allowance.Tenant, null)],
        TenantFeeSetV1 fee => [(fee.Tenant, null)],
        _ => [],
    };

    // Null: it is about all of them, or about fees.
    private static MeterId? MeterOf(object fact) => fact switch
    {
        OverageSourceSetV1 source => source.Meter,
        TenantAllowanceSetV1 allowance => allowance.Meter,
        _ => null,
    };

    /// <summary>Whom a price is for.</summary>
    private sealed record PriceFor(
        MeterId Meter, Currency Currency, PlanId? Plan, string? Country, TenantId? Tenant)
    {
        public static PriceFor? Of(object fact, CatalogState state)
        {
            var rule = fact as PriceRulePublishedV1
                ?? (fact is PriceRuleRetiredV1 retired ? state.Rules[retired.Rule].Newest : null);
            return rule is null
                ? null
                : new(rule.Meter, rule.Currency, rule.Plan, rule.Country, rule.Tenant);
        }

        public IEnumerable<TenantId> Tenants(CatalogState state) =>
            Tenant is { } one ? [one] : state.Tenants.Values.Where(tenant => IsFor(tenant, state))
                .Select(tenant => tenant.Tenant);

        private bool IsFor(TenantSetV1 tenant, CatalogState state) =>
            (Plan is null && IsForUsageAlone(tenant, state))
            || state.SubscriptionsOf.GetValueOrDefault(tenant.Tenant, [])
                .Any(id => IsFor(state.Subscriptions[id]));

        private bool IsForUsageAlone(TenantSetV1 tenant, CatalogState state) => state.FormerCountries
            .GetValueOrDefault(tenant.Tenant, []).Add(tenant.Country)
            .Any(country => (Country ?? country) == country && CountryCurrencies.Find(country) == Currency);

        private bool IsFor(SubscriptionHistory subscription) => subscription.Facts.Any(terms =>
            terms.Currency == Currency && (Plan ?? terms.Plan) == terms.Plan
            && (Country ?? terms.Country) == terms.Country);
    }
}
