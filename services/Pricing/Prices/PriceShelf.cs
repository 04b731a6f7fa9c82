using System.Collections.Frozen;
using Billing.Contracts.Ratings;
using Billing.Contracts.Values;

namespace Billing.Pricing.Prices;

/// <summary>
/// The prices of one meter in one currency, for everybody or for one tenant, laid out so that a look-up is at
/// most four steps and allocates nothing.
/// </summary>
internal sealed class PriceShelf
{
    private static readonly PriceSpan[] None = [];

    private readonly FrozenDictionary<string, ByCountry> byPlan;
    private readonly ByCountry anyPlan;

    public PriceShelf(IReadOnlyCollection<PriceSpan> spans)
    {
        byPlan = spans.Where(span => span.Rule.Plan is not null)
            .GroupBy(span => span.Rule.Plan!.Value.ToString())
            .ToFrozenDictionary(
                group => group.Key, group => new ByCountry([.. group]), StringComparer.Ordinal);
        anyPlan = new([.. spans.Where(span => span.Rule.Plan is null)]);
    }

    /// <summary>The prices of one level, those with the most dimension values first.</summary>
    public ReadOnlySpan<PriceSpan> At(PriceLevel level, PlanId? plan, string? country)
    {
        var isOfPlan = level is PriceLevel.PlanCountryMeter or PriceLevel.PlanMeter;
        var prices = anyPlan;
        if (isOfPlan && (plan is not { } name || !byPlan.TryGetValue(name.ToString(), out prices)))
            return None;

        return level is PriceLevel.PlanMeter or PriceLevel.Meter ? prices.AnyCountry : prices.Of(country);
    }

    private sealed class ByCountry(IReadOnlyCollection<PriceSpan> spans)
    {
        private readonly (string Country, PriceSpan[] Prices)[] countries =
        [
            .. spans.Where(span => span.Rule.Country is not null)
                .GroupBy(span => span.Rule.Country!).OrderBy(group => group.Key, StringComparer.Ordinal)
                .Select(group => (group.Key, MostSpecificFirst(group))),
        ];

        public PriceSpan[] AnyCountry { get; } =
            MostSpecificFirst(spans.Where(span => span.Rule.Country is null));

        // Countries have two letters, and a meter few of them, so a walk is quicker than a hash.
        public PriceSpan[] Of(string? country)
        {
            if (country is null) return None;

            foreach (var (name, prices) in countries)
                if (string.Equals(name, country, StringComparison.Ordinal)) return prices;

            return None;
        }

        private static PriceSpan[] MostSpecificFirst(IEnumerable<PriceSpan> spans) =>
            [.. spans.OrderByDescending(span => span.Rule.Where?.All.Count ?? 0)
                .ThenBy(span => span.Rule.Rule.ToString(), StringComparer.Ordinal).ThenBy(span => span.From)];
    }
}
