using Billing.Contracts.Catalog;

namespace Billing.Pricing.Prices;

/// <summary>All versions of one price rule. Of those that cover a moment, the newest is in force.</summary>
/// <param name="Versions">From the first on.</param>
public sealed record RuleHistory(
    IReadOnlyList<PriceRulePublishedV1> Versions, DateTimeOffset? RetiredFrom = null)
{
    public PriceRulePublishedV1 Newest => Versions[^1];

    /// <summary>Null where the rule says nothing about that moment.</summary>
    public PriceRulePublishedV1? InForce(DateTimeOffset moment)
    {
        if (RetiredFrom is { } retired && moment >= retired) return null;

        for (var index = Versions.Count - 1; index >= 0; index--)
            if (Covers(Versions[index], moment)) return Versions[index];

        return null;
    }

    /// <summary>The history as spans that do not overlap, in the order of time.</summary>
    public IReadOnlyList<PriceSpan> Spans()
    {
        var borders = Versions.Select(version => version.From)
            .Concat(Versions.Select(version => version.Until ?? DateTimeOffset.MaxValue))
            .Append(RetiredFrom ?? DateTimeOffset.MaxValue)
            .Distinct().Order().ToList();
        var spans = new List<PriceSpan>();
        for (var index = 0; index + 1 < borders.Count; index++)
        {
            if (InForce(borders[index]) is not { } rule) continue;

            if (spans.Count > 0 && spans[^1].Rule == rule && spans[^1].Until == borders[index])
                spans[^1] = spans[^1] with { Until = borders[index + 1] };
            else spans.Add(new(borders[index], borders[index + 1], rule));
        }

        return spans;
    }

    private static bool Covers(PriceRulePublishedV1 version, DateTimeOffset moment) =>
        version.From <= moment && (version.Until is not { } until || moment < until);
}

/// <summary>A span of time in which one version of a price rule is in force, half-open.</summary>
public sealed record PriceSpan(DateTimeOffset From, DateTimeOffset Until, PriceRulePublishedV1 Rule)
{
    public string Line { get; } = PriceLine.Of(Rule.Where);

    public bool Covers(DateTimeOffset moment) => From <= moment && moment < Until;

    public bool Overlaps(DateTimeOffset from, DateTimeOffset until) => From < until && from < Until;
}
