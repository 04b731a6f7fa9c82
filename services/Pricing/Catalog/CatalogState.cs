using System.Collections.Immutable;
using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Agreements;
using Billing.Pricing.Overage;
using Billing.Pricing.Prices;
using Billing.Pricing.Subscriptions;

namespace Billing.Pricing.Catalog;

/// <summary>Everything that was decided about tenants, meters, plans, prices and subscriptions.</summary>
public sealed record CatalogState
{
    private readonly Lazy<PriceBook> prices = new(PriceBook.Empty);

    public static CatalogState Empty { get; } = new();

    public ImmutableDictionary<TenantId, TenantSetV1> Tenants { get; init; } =
        ImmutableDictionary<TenantId, TenantSetV1>.Empty;

    /// <summary>Of tenants that have moved: where they were before, each country once.</summary>
    public ImmutableDictionary<TenantId, ImmutableHashSet<string>> FormerCountries { get; init; } =
        ImmutableDictionary<TenantId, ImmutableHashSet<string>>.Empty;

    public ImmutableDictionary<MeterId, MeterSetV1> Meters { get; init; } =
        ImmutableDictionary<MeterId, MeterSetV1>.Empty;

    public ImmutableDictionary<PlanId, PlanHistory> Plans { get; init; } =
        ImmutableDictionary<PlanId, PlanHistory>.Empty;

    public ImmutableDictionary<PriceRuleId, RuleHistory> Rules
    {
        get;
        init
        {
            field = value;
            prices = new(() => PriceBook.Of(value));
        }
    } = ImmutableDictionary<PriceRuleId, RuleHistory>.Empty;

    public ImmutableDictionary<SubscriptionId, SubscriptionHistory> Subscriptions { get; init; } =
        ImmutableDictionary<SubscriptionId, SubscriptionHistory>.Empty;

    public ImmutableDictionary<TenantId, ImmutableList<SubscriptionId>> SubscriptionsOf { get; init; } =
        ImmutableDictionary<TenantId, ImmutableList<SubscriptionId>>.Empty;

    public ImmutableDictionary<(TenantId, MeterId), ImmutableList<OverageSourceSetV1>> OverageSources
    {
        get;
        init;
    } = ImmutableDictionary<(TenantId, MeterId), ImmutableList<OverageSourceSetV1>>.Empty;

    public ImmutableDictionary<QuotaScope, ImmutableList<QuotaLimitSetV1>> QuotaLimits { get; init; } =
        ImmutableDictionary<QuotaScope, ImmutableList<QuotaLimitSetV1>>.Empty;

    public ImmutableDictionary<TenantId, ImmutableList<MergeWindowSetV1>> MergeWindows { get; init; } =
        ImmutableDictionary<TenantId, ImmutableList<MergeWindowSetV1>>.Empty;

    public ImmutableDictionary<AllowanceScope, ImmutableList<TenantAllowanceSetV1>> Allowances
    {
        get;
        init;
    } = ImmutableDictionary<AllowanceScope, ImmutableList<TenantAllowanceSetV1>>.Empty;

    public ImmutableDictionary<FeeScope, ImmutableList<TenantFeeSetV1>> Fees { get; init; } =
        ImmutableDictionary<FeeScope, ImmutableList<TenantFeeSetV1>>.Empty;

    /// <summary>The index of all price rules; made at its first use.</summary>
    public PriceBook Prices => prices.Value;

    public CatalogState Evolve(object fact) => fact switch
    {
        TenantSetV1 set => Evolve(set),
        MeterSetV1 set => this with { Meters = Meters.SetItem(set.Meter, set) },
        PlanPublishedV1 version => this with
        {
            Plans = Plans.SetItem(
                version.Plan, new([.. Plans.GetValueOrDefault(version.Plan)?.Versions ?? [], version])),
        },
        PriceRulePublishedV1 version => this with
        {
            Rules = Rules.SetItem(
                version.Rule, new([.. Rules.GetValueOrDefault(version.Rule)?.Versions ?? [], version])),
        },
        PriceRuleRetiredV1 retired when Rules.TryGetValue(retired.Rule, out var rule) => this with
        {
            Rules = Rules.SetItem(
                retired.Rule,
                rule with { RetiredFrom = retired.From == Moments.Never ? null : retired.From }),
        },
        SubscriptionSetV1 set => Evolve(set),
        _ => Append(fact),
    };

    // Each holds from a moment on until the next of its kind.
    private CatalogState Append(object fact) => fact switch
    {
        OverageSourceSetV1 set => this with
        {
            OverageSources = OverageSources.SetItem(
                (set.Tenant, set.Meter),
                OverageSources.GetValueOrDefault((set.Tenant, set.Meter), []).Add(set)),
        },
        QuotaLimitSetV1 set => this with
        {
            QuotaLimits = QuotaLimits.SetItem(
                QuotaScope.Of(set), QuotaLimits.GetValueOrDefault(QuotaScope.Of(set), []).Add(set)),
        },
        MergeWindowSetV1 set => this with
        {
            MergeWindows = MergeWindows.SetItem(
                set.Tenant, MergeWindows.GetValueOrDefault(set.Tenant, []).Add(set)),
        },
        TenantAllowanceSetV1 set => this with
        {
            Allowances = Allowances.SetItem(
                AllowanceScope.Of(set), Allowances.GetValueOrDefault(AllowanceScope.Of(set), []).Add(set)),
        },
        TenantFeeSetV1 set => this with
        {
            Fees = Fees.SetItem(FeeScope.Of(set), Fees.GetValueOrDefault(FeeScope.Of(set), []).Add(set)),
        },
        _ => this,
    };

    public CatalogState Evolve(IEnumerable<object> facts) =>
        facts.Aggregate(this, (state, fact) => state.Evolve(fact));

    private CatalogState Evolve(TenantSetV1 set) => this with
    {
        Tenants = Tenants.SetItem(set.Tenant, set),
        FormerCountries = Tenants.TryGetValue(set.Tenant, out var known) && known.Country != set.Country
            ? FormerCountries.SetItem(
                set.Tenant, FormerCountries.GetValueOrDefault(set.Tenant, []).Add(known.Country))
            : FormerCountries,
    };

    private CatalogState Evolve(SubscriptionSetV1 set)
    {
        var known = Subscriptions.GetValueOrDefault(set.Subscription);
        var ofTenant = SubscriptionsOf.GetValueOrDefault(set.Tenant, []);
        return this with
        {
            Subscriptions = Subscriptions.SetItem(set.Subscription, new([.. known?.Facts ?? [], set])),
            SubscriptionsOf = known is null
                ? SubscriptionsOf.SetItem(set.Tenant, ofTenant.Add(set.Subscription))
                : SubscriptionsOf,
        };
    }
}
