using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;

namespace Billing.Pricing.Prices;

/// <summary>
/// A price rule is not used from a moment on. Its versions stay readable, and what it has priced stays
/// priced.
/// </summary>
public static class RetirePrice
{
    public sealed record Command(
        PriceRuleId Rule, DateTimeOffset From, Author Author, bool IsBackdated = false);

    public static CatalogDecision Decide(Command command, CatalogState state, DateTimeOffset now)
    {
        var known = state.Rules.GetValueOrDefault(command.Rule);
        if (known?.RetiredFrom == command.From) return CatalogDecision.AlreadySo;

        var refusals = Check(command, known, now).ToList();
        return refusals.Count > 0
            ? CatalogDecision.Refuse(refusals)
            : CatalogDecision.Record(
                new PriceRuleRetiredV1(command.Rule, command.From, command.Author.At(now)));
    }

    private static IEnumerable<Refusal> Check(Command command, RuleHistory? known, DateTimeOffset now)
    {
        foreach (var refusal in command.Author.Check()) yield return refusal;

        if (known is null) yield return new("unknown-rule", "rule", $"There is no rule {command.Rule}.");
        if (known?.RetiredFrom is { } retired && retired <= now)
            yield return new(
                "rule-retired", "rule", $"Rule {command.Rule} has been retired since {retired:u}.");
        if (command.From < now && !command.IsBackdated)
            yield return new("in-the-past", "from",
                $"{command.From:u} is over, and usage since then has been rated. Say that it is "
                + "backdated, and it is "
                + "rated anew.");
    }
}
