using Billing.Contracts.Catalog;
using Billing.Contracts.Ratings;
using Billing.Contracts.Values;

namespace Billing.Pricing.Prices;

/// <summary>For whom a price is looked up.</summary>
/// <param name="Plan">Null for usage without a subscription.</param>
/// <param name="Country">ISO 3166, two capital letters.</param>
public sealed record PriceScope(
    TenantId Tenant, MeterId Meter, Currency Currency, PlanId? Plan, string? Country);

/// <summary>A price rule, and how specific it was when it matched.</summary>
/// <param name="Line">The dimension values that the rule is for, in one spelling; empty where it is for all.
/// Usage under one spelling shares tiers, packages, minimum and cap.</param>
public readonly record struct PriceMatch(PriceRulePublishedV1 Rule, PriceLevel Level, string Line)
{
    public static PriceLevel LevelOf(PriceRulePublishedV1 rule) => (rule.Plan, rule.Country) switch
    {
        (not null, not null) => PriceLevel.PlanCountryMeter,
        (not null, null) => PriceLevel.PlanMeter,
        (null, not null) => PriceLevel.CountryMeter,
        (null, null) => PriceLevel.Meter,
    };
}

/// <summary>The spelling of dimension values: <c>model=large;region=eu</c>.</summary>
public static class PriceLine
{
    /// <summary>For usage that no rule names any dimension of.</summary>
    public const string All = "";

    public static string Of(Properties? where) => where is null || where.All.Count == 0
        ? All
        : string.Join(';', where.All.Select(pair => $"{Escape(pair.Key)}={Escape(pair.Value)}"));

    /// <summary>True where the usage has every value that the rule asks for.</summary>
    public static bool Matches(Properties? where, Properties? dimensions)
    {
        if (where is null || where.All.Count == 0) return true;
        if (dimensions is null) return false;

        foreach (var (name, value) in where.All)
            if (!string.Equals(dimensions.Find(name), value, StringComparison.Ordinal)) return false;

        return true;
    }

    // So that no two different sets of values are spelled alike.
    private static string Escape(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("=", "\\=", StringComparison.Ordinal)
            .Replace(";", "\\;", StringComparison.Ordinal);
}
