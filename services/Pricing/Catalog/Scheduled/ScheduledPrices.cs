using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Prices;

namespace Billing.Pricing.Catalog.Scheduled;

/// <summary>Prices that begin or end later.</summary>
internal static class ScheduledPrices
{
    public static IEnumerable<ScheduledChange> Of(RuleHistory rule)
    {
        var spans = WithoutChange(rule.Spans());
        for (var place = 0; place < spans.Count; place++)
        {
            var (from, until, version) = spans[place];
            var isLast = place == spans.Count - 1;
            yield return new(
                from, "price", Text.Spell(version.Rule), version.Tenant, version.Decision, "",
                decision => UndoVersion(rule, version, isLast ? until : null, decision));
            if (place + 1 < spans.Count && spans[place + 1].From == until) continue;

            yield return new(
                until, "end of a price", Text.Spell(version.Rule), version.Tenant, version.Decision, "",
                decision => UndoEnd(rule, until, decision));
        }
    }

    // What goes on as it was is one span.
    private static List<PriceSpan> WithoutChange(IReadOnlyList<PriceSpan> spans)
    {
        var merged = new List<PriceSpan>();
        foreach (var span in spans)
            if (merged is [.., var last] && last.Until == span.From && IsSame(last.Rule, span.Rule))
                merged[^1] = last with { Until = span.Until };
            else merged.Add(span);
        return merged;
    }

    private static bool IsSame(PriceRulePublishedV1 one, PriceRulePublishedV1 other) =>
        PriceChecks.IsSame(one.Model, other.Model) && one with
        {
            Version = other.Version,
            From = other.From,
            Until = other.Until,
            Decision = other.Decision,
            Model = other.Model,
        } == other;

    // What would hold without it is said anew, as versions of its span. Where it is the last one that stands,
    // versions behind it say the same, since later ones were withdrawn.
    private static CatalogDecision UndoVersion(
        RuleHistory rule, PriceRulePublishedV1 version, DateTimeOffset? last, DecisionV1 decision)
    {
        var isNewest = version.Version == rule.Newest.Version;
        if (!isNewest && last is null) return WithdrawScheduled.LaterFirst();

        var without = rule with
        {
            Versions = [.. rule.Versions.Where(other => other.Version < version.Version)],
        };
        var facts = new List<object>();
        var end = isNewest ? version.Until ?? DateTimeOffset.MaxValue : last!.Value;
        var (at, number) = (version.From, rule.Newest.Version);
        foreach (var span in without.Spans().Where(span => span.Overlaps(version.From, end)))
        {
            if (span.From > at) return Gap();

            var until = span.Until < end ? span.Until : end;
            facts.Add(span.Rule with
            {
                Version = ++number,
                From = at,
                Until = until == DateTimeOffset.MaxValue ? null : until,
                Decision = decision,
            });
            at = until;
        }

        var over = rule.RetiredFrom ?? DateTimeOffset.MaxValue;
        if (at >= end || at >= over) return CatalogDecision.Record(facts);
        if (end < over) return Gap();

        facts.Add(new PriceRuleRetiredV1(version.Rule, at, decision));
        return CatalogDecision.Record(facts);
    }

    private static CatalogDecision UndoEnd(RuleHistory rule, DateTimeOffset until, DecisionV1 decision) =>
        rule.RetiredFrom == until
            ? CatalogDecision.Record(new PriceRuleRetiredV1(rule.Newest.Rule, Moments.Never, decision))
            : CatalogDecision.Refuse(new Refusal(
                "part-of-a-version", "id", "The price has this end itself: publish it without one."));

    private static CatalogDecision Gap() => CatalogDecision.Refuse(new Refusal(
        "no-price-before", "id",
        "For a part of that time there was no price before: publish what holds instead."));
}
