using Billing.Contracts.Catalog;
using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;

namespace Billing.Pricing.Prices;

/// <summary>One version of a price rule, for people.</summary>
/// <param name="From">As it was published; a newer version may hold instead of it.</param>
public sealed record PriceVersionView(
    int Version, PriceModelV1 Model, DateTimeOffset From, DateTimeOffset? Until, Amount? MinimumCommitment,
    Amount? MaximumCap, VersionState State, DateTimeOffset PublishedAt)
{
    public static PriceVersionView Of(PriceRulePublishedV1 version, RuleHistory rule, DateTimeOffset now) =>
        new(
            version.Version, version.Model, version.From, version.Until, version.MinimumCommitment,
            version.MaximumCap, StateOf(version, rule, now), version.Decision.At);

    private static VersionState StateOf(PriceRulePublishedV1 version, RuleHistory rule, DateTimeOffset now)
    {
        if (rule.InForce(now) == version) return VersionState.InForce;

        return rule.Spans().Any(span => span.Rule == version && span.From > now)
            ? VersionState.Scheduled
            : VersionState.Over;
    }
}

/// <summary>A price rule, for people: whom it is for, and what holds now and later.</summary>
/// <param name="Level">How specific it is.</param>
/// <param name="Current">Null: none of its versions is in force now.</param>
/// <param name="Scheduled">Versions that come into force later.</param>
/// <param name="RetiredFrom">From this moment on it is not used any more.</param>
public sealed record PriceView(
    PriceRuleId Rule, MeterId Meter, Currency Currency, PlanId? Plan, string? Country, TenantId? Tenant,
    Properties? Where, PriceLevel Level, PriceVersionView? Current,
    IReadOnlyList<PriceVersionView> Scheduled, DateTimeOffset? RetiredFrom)
{
    public static PriceView Of(RuleHistory rule, DateTimeOffset now)
    {
        var newest = rule.Newest;
        var versions = rule.Versions.Select(version => PriceVersionView.Of(version, rule, now)).ToList();
        return new(
            newest.Rule, newest.Meter, newest.Currency, newest.Plan, newest.Country, newest.Tenant,
            newest.Where, PriceMatch.LevelOf(newest),
            versions.FirstOrDefault(version => version.State == VersionState.InForce),
            [.. versions.Where(version => version.State == VersionState.Scheduled)], rule.RetiredFrom);
    }
}
