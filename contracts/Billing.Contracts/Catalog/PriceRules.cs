using System.Text.Json.Serialization;
using Billing.Contracts.Values;

namespace Billing.Contracts.Catalog;

/// <summary>A version of a price rule, whole. Nothing is overwritten. Written by Pricing.</summary>
/// <param name="Tenant">For one tenant only, before all that is for everybody.</param>
/// <param name="MinimumCommitment">At least this is charged for a period; the rest comes as a
/// true-up.</param>
/// <param name="MaximumCap">At most this is charged for a period.</param>
/// <param name="Where">Only for usage that has all these values in dimensions of the meter. Such usage has
/// tiers, packages, minimum and cap of its own.</param>
[WireName("billing.pricing.price-rule-published.v1")]
public sealed record PriceRulePublishedV1(
    PriceRuleId Rule,
    int Version,
    MeterId Meter,
    Currency Currency,
    PriceModelV1 Model,
    DateTimeOffset From,
    DecisionV1 Decision,
    PlanId? Plan = null,
    string? Country = null,
    TenantId? Tenant = null,
    DateTimeOffset? Until = null,
    Amount? MinimumCommitment = null,
    Amount? MaximumCap = null,
    Properties? Where = null);

/// <summary>
/// A price rule is not used from a moment on; its versions stay readable. Written by Pricing.
/// </summary>
[WireName("billing.pricing.price-rule-retired.v1")]
public sealed record PriceRuleRetiredV1(PriceRuleId Rule, DateTimeOffset From, DecisionV1 Decision);

/// <summary>How units become an amount.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "model")]
[JsonDerivedType(typeof(PerUnit), "per-unit")]
[JsonDerivedType(typeof(Fixed), "fixed")]
[JsonDerivedType(typeof(Graduated), "graduated")]
[JsonDerivedType(typeof(Volume), "volume")]
[JsonDerivedType(typeof(Package), "package")]
[JsonDerivedType(typeof(Percentage), "percentage")]
public abstract record PriceModelV1
{
    private PriceModelV1() { }

    public sealed record PerUnit(UnitPrice Price) : PriceModelV1;

    public sealed record Fixed(Amount Amount) : PriceModelV1;

    /// <summary>Each unit at the price of the tier it falls in.</summary>
    public sealed record Graduated(IReadOnlyList<TierV1> Tiers) : PriceModelV1;

    /// <summary>All units at the price of the tier that the last one falls in.</summary>
    public sealed record Volume(IReadOnlyList<TierV1> Tiers) : PriceModelV1;

    /// <summary>Whole packages; a begun one counts.</summary>
    public sealed record Package(Quantity Size, Amount Price) : PriceModelV1;

    /// <summary>A part of a quantity that is itself money.</summary>
    /// <param name="Rate">Per unit of the currency: <c>0.029 USD</c> is 2.9 %.</param>
    /// <param name="Minimum">Per event.</param>
    /// <param name="Maximum">Per event.</param>
    public sealed record Percentage(UnitPrice Rate, Amount? Minimum = null, Amount? Maximum = null)
        : PriceModelV1;
}

/// <summary>Half-open: from this quantity up to, but not including, where the next tier begins.</summary>
public sealed record TierV1(Quantity From, UnitPrice Price);
