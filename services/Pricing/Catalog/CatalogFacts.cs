using System.Globalization;
using Billing.Contracts.Catalog;
using Billing.Contracts.Values;

namespace Billing.Pricing.Catalog;

/// <summary>The messages that make the catalog.</summary>
public static class CatalogFacts
{
    /// <summary>All of them share one lane, so that they have one order.</summary>
    public const int Lane = 0;

    public static IReadOnlyList<Type> All { get; } =
    [
        typeof(TenantSetV1), typeof(MeterSetV1), typeof(PlanPublishedV1), typeof(PriceRulePublishedV1),
        typeof(PriceRuleRetiredV1), typeof(SubscriptionSetV1), typeof(OverageSourceSetV1),
        typeof(QuotaLimitSetV1), typeof(MergeWindowSetV1), typeof(TenantAllowanceSetV1),
        typeof(TenantFeeSetV1),
    ];

    /// <summary>The facts of one change, each by its place.</summary>
    public static FactId Id(Guid change, int place) => new(DerivedId.From(
        "catalog", change.ToString("D"), place.ToString(CultureInfo.InvariantCulture)));

    /// <param name="Key">Of what the fact is about.</param>
    /// <param name="Tenant">Null: it is for everybody.</param>
    public sealed record Subject(string Key, TenantId? Tenant, DecisionV1 Decision);

    /// <param name="state">With the fact in it.</param>
    public static Subject About(object fact, CatalogState state) => fact switch
    {
        TenantSetV1 set => new(Text.Spell(set.Tenant), set.Tenant, set.Decision),
        MeterSetV1 set => new(Text.Spell(set.Meter), null, set.Decision),
        PlanPublishedV1 version => new(Text.Spell(version.Plan), null, version.Decision),
        PriceRulePublishedV1 version => new(Text.Spell(version.Rule), version.Tenant, version.Decision),
        PriceRuleRetiredV1 retired => new(
            Text.Spell(retired.Rule), state.Rules.GetValueOrDefault(retired.Rule)?.Newest.Tenant,
            retired.Decision),
        SubscriptionSetV1 set => new(Text.Spell(set.Subscription), set.Tenant, set.Decision),
        OverageSourceSetV1 set => new(Text.Spell(set.Tenant), set.Tenant, set.Decision),
        MergeWindowSetV1 set => new(Text.Spell(set.Tenant), set.Tenant, set.Decision),
        TenantAllowanceSetV1 set => new(Text.Spell(set.Tenant), set.Tenant, set.Decision),
        TenantFeeSetV1 set => new(Text.Spell(set.Tenant), set.Tenant, set.Decision),
        QuotaLimitSetV1 set => new(
            set.Tenant is { } tenant ? Text.Spell(tenant)
                : set.Plan is { } plan ? Text.Spell(plan) : Text.Spell(set.Meter),
            set.Tenant, set.Decision),
        _ => throw new ArgumentException($"{fact.GetType()} is no fact of the catalog.", nameof(fact)),
    };

    /// <summary>ISO 3166: two capital letters.</summary>
    public static bool IsCountry(string? country) =>
        country is [>= 'A' and <= 'Z', >= 'A' and <= 'Z'];
}
