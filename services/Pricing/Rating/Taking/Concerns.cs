using Billing.Contracts.Catalog;
using Billing.Pricing.Catalog;

namespace Billing.Pricing.Rating.Taking;

/// <summary>Which facts of the catalog can change what is in force for a tally.</summary>
internal static class Concerns
{
    /// <summary>Rather one too many: what changes no terms changes no total.</summary>
    public static bool Is(object fact, TallyKey key, CatalogState after) => fact switch
    {
        TenantSetV1 set => set.Tenant == key.Tenant,
        MeterSetV1 set => set.Meter == key.Meter,
        SubscriptionSetV1 set => set.Tenant == key.Tenant,
        OverageSourceSetV1 set => set.Tenant == key.Tenant && set.Meter == key.Meter,
        TenantAllowanceSetV1 set => set.Tenant == key.Tenant && set.Meter == key.Meter,
        PlanPublishedV1 => key.Subscription is not null,
        PriceRulePublishedV1 version => Is(version, key),
        PriceRuleRetiredV1 retired =>
            !after.Rules.TryGetValue(retired.Rule, out var rule) || Is(rule.Newest, key),
        _ => false,
    };

    private static bool Is(PriceRulePublishedV1 rule, TallyKey key) =>
        rule.Meter == key.Meter && rule.Currency == key.Currency
        && (rule.Tenant is not { } tenant || tenant == key.Tenant);
}
