using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;

namespace Billing.Pricing.Prices;

/// <summary>Two rules that usage could have at the same time, with nothing to say which.</summary>
public static class PriceOverlaps
{
    /// <param name="known">The rule before this version.</param>
    public static IEnumerable<Refusal> Of(
        PriceRulePublishedV1 version, RuleHistory? known, CatalogState state)
    {
        if (version.Until <= version.From) yield break; // never in force, which others refuse

        var spans = new RuleHistory([.. known?.Versions ?? [], version]).Spans();
        foreach (var (id, other) in state.Rules.OrderBy(rule => rule.Key.ToString(), StringComparer.Ordinal))
        {
            if (id == version.Rule || !IsForTheSame(version, other.Newest)) continue;

            var both = other.Spans().Where(span => spans.Any(own => own.Overlaps(span.From, span.Until)));
            foreach (var span in both)
                yield return new("rules-overlap", "rule",
                    $"Rule {id}, version {span.Rule.Version}, is for the same usage {Describe(span)}. "
                    + "Retire it or end it "
                    + "first, or publish a new version of it.");
        }
    }

    private static bool IsForTheSame(PriceRulePublishedV1 one, PriceRulePublishedV1 other) =>
        one.Meter == other.Meter && one.Currency == other.Currency && one.Plan == other.Plan
        && one.Country == other.Country && one.Tenant == other.Tenant
        && IsAmbiguous(one.Where ?? Properties.None, other.Where ?? Properties.None);

    // A rule with more values goes first. With as many, only a value that differs keeps them apart.
    private static bool IsAmbiguous(Properties one, Properties other) =>
        one.All.Count == other.All.Count
        && one.All.All(pair => other.Find(pair.Key) is not { } value || value == pair.Value);

    private static string Describe(PriceSpan span) => span.Until == DateTimeOffset.MaxValue
        ? $"from {span.From:u} on"
        : $"from {span.From:u} until {span.Until:u}";
}
