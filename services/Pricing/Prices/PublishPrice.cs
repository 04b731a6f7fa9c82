using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;

namespace Billing.Pricing.Prices;

/// <summary>
/// A new price rule, or a new version of one. Where versions overlap, the newest is in force; so a version
/// with an end is a price for a time. From a moment before now only when that is said: usage since then is
/// rated anew.
/// </summary>
public static class PublishPrice
{
    public sealed record Command(
        PriceRuleId Rule,
        MeterId Meter,
        Currency Currency,
        PriceModelV1 Model,
        DateTimeOffset From,
        Author Author,
        PlanId? Plan = null,
        string? Country = null,
        TenantId? Tenant = null,
        DateTimeOffset? Until = null,
        Amount? MinimumCommitment = null,
        Amount? MaximumCap = null,
        Properties? Where = null,
        bool IsBackdated = false);

    public static CatalogDecision Decide(Command command, CatalogState state, DateTimeOffset now)
    {
        var known = state.Rules.GetValueOrDefault(command.Rule);
        var version = Version(command, (known?.Newest.Version ?? 0) + 1, now);
        if (known is not null && SaysTheSame(version, known.Newest)) return CatalogDecision.AlreadySo;

        var refusals = Check(command, version, known, state, now).ToList();
        return refusals.Count > 0 ? CatalogDecision.Refuse(refusals) : CatalogDecision.Record(version);
    }

    private static PriceRulePublishedV1 Version(Command command, int number, DateTimeOffset now) => new(
        command.Rule, number, command.Meter, command.Currency, command.Model, command.From,
        command.Author.At(now), command.Plan, command.Country, command.Tenant, command.Until,
        command.MinimumCommitment, command.MaximumCap, command.Where);

    internal static bool SaysTheSame(Command command, PriceRulePublishedV1 known) =>
        SaysTheSame(Version(command, known.Version, known.Decision.At), known);

    // Tiers are lists, which a record compares by reference, so the models are compared by themselves.
    private static bool SaysTheSame(PriceRulePublishedV1 version, PriceRulePublishedV1 known) =>
        PriceChecks.IsSame(version.Model, known.Model)
        && version with { Version = known.Version, Decision = known.Decision, Model = known.Model } == known;

    private static IEnumerable<Refusal> Check(
        Command command, PriceRulePublishedV1 version, RuleHistory? known, CatalogState state,
        DateTimeOffset now) =>
    [
        .. command.Author.Check(),
        .. CheckTime(command, known, now),
        .. CheckScope(version, known),
        .. CheckCatalog(version, state),
        .. PriceChecks.Of(version, state.Meters.GetValueOrDefault(version.Meter)),
        .. PriceOverlaps.Of(version, known, state),
    ];

    private static IEnumerable<Refusal> CheckTime(Command command, RuleHistory? known, DateTimeOffset now)
    {
        if (command.Until <= command.From)
            yield return new(
                "ends-before-it-begins", "until", $"The price begins at {command.From:u}; it ends later.");
        if (command.From < now && known is not null && !command.IsBackdated)
            yield return new("in-the-past", "from",
                $"{command.From:u} is over, and usage since then has been rated. Say that the price is "
                + "backdated, and it "
                + "is rated anew.");
        if (known?.RetiredFrom is { } retired)
            yield return new("rule-retired", "rule",
                $"Rule {command.Rule} is retired from {retired:u} on. Publish the price under another name.");
    }

    private static IEnumerable<Refusal> CheckScope(PriceRulePublishedV1 version, RuleHistory? known)
    {
        if (known is null) yield break;

        var first = known.Versions[0];
        var isSame = first.Meter == version.Meter && first.Currency == version.Currency
            && first.Plan == version.Plan && first.Country == version.Country
            && first.Tenant == version.Tenant
            && Equals(first.Where, version.Where);
        if (!isSame)
            yield return new("rule-is-for-others", "rule",
                $"Rule {version.Rule} keeps meter, currency, plan, country, tenant and dimensions in all "
                + "its versions. "
                + "Publish the price under another name.");
    }

    private static IEnumerable<Refusal> CheckCatalog(PriceRulePublishedV1 version, CatalogState state)
    {
        if (!state.Meters.ContainsKey(version.Meter))
            yield return new("unknown-meter", "meter", $"There is no meter {version.Meter}.");
        if (version.Tenant is { } tenant && !state.Tenants.ContainsKey(tenant))
            yield return new("unknown-tenant", "tenant", $"There is no tenant {tenant}.");
        if (version.Country is not null && !CatalogFacts.IsCountry(version.Country))
            yield return new("country", "country", "A country is two capital letters of ISO 3166, as FR.");
        if (version.Plan is not { } plan) yield break;

        if (!state.Plans.TryGetValue(plan, out var known))
            yield return new("unknown-plan", "plan", $"There is no plan {plan}.");
        else if (known.Newest.BaseFees is { Count: > 0 } fees
            && fees.All(fee => fee.Currency != version.Currency))
            yield return new("plan-not-sold-in-currency", "currency",
                $"Plan {plan} is not sold in {version.Currency}, so nobody would pay this price.");
    }
}
