using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;

namespace Billing.Pricing.Subscriptions;

/// <summary>
/// Another plan, country or end of trial from a moment on. Usage is rated by what is in force at its own
/// time, so a change may lie in the past; but changes go forward: each begins after the one before. Currency,
/// anchor and time zone stay for the life of a subscription.
/// </summary>
public static class ChangeSubscription
{
    /// <param name="TrialUntil">Null: as it was.</param>
    public sealed record Command(
        SubscriptionId Subscription,
        DateTimeOffset From,
        Author Author,
        PlanId? Plan = null,
        string? Country = null,
        DateTimeOffset? TrialUntil = null);

    public static CatalogDecision Decide(Command command, CatalogState state, DateTimeOffset now)
    {
        if (!state.Subscriptions.TryGetValue(command.Subscription, out var known))
            return CatalogDecision.Refuse(new Refusal(
                "unknown-subscription", "subscription", $"There is no subscription {command.Subscription}."));

        var before = known.Standing;
        var changed = before with
        {
            Plan = command.Plan ?? before.Plan,
            Country = command.Country ?? before.Country,
            TrialUntil = command.TrialUntil ?? before.TrialUntil,
            From = command.From,
        };
        if (changed == before || changed with { From = before.From } == before)
            return CatalogDecision.AlreadySo;

        List<Refusal> refusals =
        [
            .. command.Author.Check(),
            .. CheckTime(command, before),
            .. CheckTerms(changed, state),
        ];
        return refusals.Count > 0
            ? CatalogDecision.Refuse(refusals)
            : CatalogDecision.Record(changed with { Decision = command.Author.At(now) });
    }

    private static IEnumerable<Refusal> CheckTime(Command command, SubscriptionSetV1 before)
    {
        // Two changes of one moment would prorate the same days twice under one id.
        if (command.From <= before.From)
            yield return new("changes-go-forward", "from",
                $"The change before this one begins at {before.From:u}; this one begins later.");
        if (before.Until is { } until && command.From >= until)
            yield return new("subscription-over", "from", $"The subscription is over at {until:u}.");
        if (command.TrialUntil is { } trial && trial <= command.From)
            yield return new(
                "trial-in-the-past", "trialUntil", "A trial ends after the change that says so.");
    }

    private static IEnumerable<Refusal> CheckTerms(SubscriptionSetV1 changed, CatalogState state)
    {
        if (!CatalogFacts.IsCountry(changed.Country))
            yield return new("country", "country", "A country is two capital letters of ISO 3166, as FR.");
        if (!state.Plans.ContainsKey(changed.Plan))
            yield return new("unknown-plan", "plan", $"There is no plan {changed.Plan}.");

        foreach (var refusal in PlanChecks.Of(changed.Plan, changed.Currency, changed.From, state))
            yield return refusal;
    }
}
