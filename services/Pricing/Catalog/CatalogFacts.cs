using Billing.Contracts.Catalog;

namespace Billing.Pricing.Catalog;

/// <summary>The messages that make the catalog.</summary>
public static class CatalogFacts
{
    public static IReadOnlyList<Type> All { get; } =
    [
        typeof(TenantSetV1), typeof(MeterSetV1), typeof(PlanPublishedV1), typeof(PriceRulePublishedV1),
        typeof(PriceRuleRetiredV1), typeof(SubscriptionSetV1), typeof(OverageSourceSetV1),
    ];

    /// <summary>ISO 3166: two capital letters.</summary>
    public static bool IsCountry(string? country) =>
        country is [>= 'A' and <= 'Z', >= 'A' and <= 'Z'];
}
