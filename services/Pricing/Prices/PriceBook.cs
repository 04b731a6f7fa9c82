using System.Collections.Frozen;
using System.Collections.Immutable;
using Billing.Contracts.Ratings;
using Billing.Contracts.Values;

namespace Billing.Pricing.Prices;

/// <summary>
/// Every price rule in all its versions, made once for each state of the catalog and never changed. What is
/// for one tenant goes before all that is for everybody; then the more specific level; then the rule with
/// more dimension values.
/// </summary>
public sealed class PriceBook
{
    private static readonly PriceLevel[] Levels =
        [PriceLevel.PlanCountryMeter, PriceLevel.PlanMeter, PriceLevel.CountryMeter, PriceLevel.Meter];

    private readonly FrozenDictionary<string, Meters> ofTenants;
    private readonly Meters forAll;

    private PriceBook(ImmutableDictionary<PriceRuleId, RuleHistory> rules)
    {
        Rules = rules;
        var spans = rules.Values.SelectMany(rule => rule.Spans()).ToList();
        forAll = new(spans.Where(span => span.Rule.Tenant is null));
        ofTenants = spans.Where(span => span.Rule.Tenant is not null)
            .GroupBy(span => span.Rule.Tenant!.Value.ToString())
            .ToFrozenDictionary(group => group.Key, group => new Meters(group), StringComparer.Ordinal);
    }

    public static PriceBook Empty { get; } = new(ImmutableDictionary<PriceRuleId, RuleHistory>.Empty);

    public ImmutableDictionary<PriceRuleId, RuleHistory> Rules { get; }

    public static PriceBook Of(ImmutableDictionary<PriceRuleId, RuleHistory> rules) => new(rules);

    /// <summary>The price in force at a moment. False: there is none, the usage is unpriced.</summary>
    public bool TryFind(
        PriceScope scope, DateTimeOffset moment, Properties? dimensions, out PriceMatch match)
    {
        var own = ofTenants.Count > 0 ? ShelfOf(scope, isOwn: true) : null;
        if (own is not null && TryFind(own, scope, moment, dimensions, out match)) return true;
        if (ShelfOf(scope, isOwn: false) is { } all)
            return TryFind(all, scope, moment, dimensions, out match);

        match = default;
        return false;
    }

    /// <summary>
    /// All prices in force at a moment that usage may have, by its dimensions, first match first; up to and
    /// including the first that is for all dimensions.
    /// </summary>
    public ImmutableArray<PriceMatch> InForce(PriceScope scope, DateTimeOffset moment)
    {
        var found = ImmutableArray.CreateBuilder<PriceMatch>();
        foreach (var (span, level) in Candidates(scope).Where(candidate => candidate.Span.Covers(moment)))
        {
            found.Add(new(span.Rule, level, span.Line));
            if (span.Line == PriceLine.All) break;
        }

        return found.ToImmutable();
    }

    /// <summary>The moments in a span at which some price of the scope begins or ends.</summary>
    public IEnumerable<DateTimeOffset> Borders(PriceScope scope, DateTimeOffset from, DateTimeOffset until) =>
        Candidates(scope).SelectMany(candidate => new[] { candidate.Span.From, candidate.Span.Until })
            .Where(border => from < border && border < until);

    private static bool TryFind(
        PriceShelf shelf, PriceScope scope, DateTimeOffset moment, Properties? dimensions,
        out PriceMatch match)
    {
        foreach (var level in Levels)
        {
            foreach (var span in shelf.At(level, scope.Plan, scope.Country))
            {
                if (!span.Covers(moment) || !PriceLine.Matches(span.Rule.Where, dimensions)) continue;

                match = new(span.Rule, level, span.Line);
                return true;
            }
        }

        match = default;
        return false;
    }

    private List<(PriceSpan Span, PriceLevel Level)> Candidates(PriceScope scope)
    {
        var candidates = new List<(PriceSpan, PriceLevel)>();
        foreach (var shelf in new[] { ShelfOf(scope, isOwn: true), ShelfOf(scope, isOwn: false) })
        {
            if (shelf is null) continue;

            foreach (var level in Levels)
                foreach (var span in shelf.At(level, scope.Plan, scope.Country))
                    candidates.Add((span, level));
        }

        return candidates;
    }

    private PriceShelf? ShelfOf(PriceScope scope, bool isOwn)
    {
        if (!isOwn) return forAll.Find(scope.Meter, scope.Currency);

        return ofTenants.TryGetValue(scope.Tenant.ToString(), out var own)
            ? own.Find(scope.Meter, scope.Currency)
            : null;
    }

    private sealed class Meters(IEnumerable<PriceSpan> spans)
    {
        private readonly FrozenDictionary<string, (Currency Currency, PriceShelf Shelf)[]> meters = spans
            .GroupBy(span => span.Rule.Meter.ToString())
            .ToFrozenDictionary(group => group.Key, ByCurrency, StringComparer.Ordinal);

        public PriceShelf? Find(MeterId meter, Currency currency)
        {
            if (!meters.TryGetValue(meter.ToString(), out var currencies)) return null;

            foreach (var (priced, shelf) in currencies)
                if (priced == currency) return shelf;

            return null;
        }

        private static (Currency Currency, PriceShelf Shelf)[] ByCurrency(IEnumerable<PriceSpan> meter) =>
            [.. meter.GroupBy(span => span.Rule.Currency)
                .Select(group => (group.Key, new PriceShelf([.. group])))];
    }
}
