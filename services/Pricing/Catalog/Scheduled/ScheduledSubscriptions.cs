using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Subscriptions;

namespace Billing.Pricing.Catalog.Scheduled;

/// <summary>Subscriptions that begin, change or end later, or whose trial does.</summary>
internal static class ScheduledSubscriptions
{
    public static IEnumerable<ScheduledChange> Of(SubscriptionHistory subscription)
    {
        var newest = subscription.Newest;
        foreach (var set in Standing.Of(subscription.Facts, fact => fact.From, SubscriptionHistory.IsSame))
            yield return Change(set.From, "subscription", set, decision => Undo(subscription, set, decision));

        if (newest.Until is { } end)
            yield return Change(end, "end of a subscription", newest, decision =>
                CatalogDecision.Record(newest with { Until = null, Decision = decision }));
        if (newest.TrialUntil is { } trial)
            yield return Change(trial, "end of a trial", newest, _ => CatalogDecision.Refuse(new Refusal(
                "part-of-a-subscription", "id", "A trial ends as the subscription says: change that.")));
    }

    // Terms of before hold on; where it ends stays as it was decided.
    private static CatalogDecision Undo(
        SubscriptionHistory subscription, SubscriptionSetV1 set, DecisionV1 decision)
    {
        var newest = subscription.Newest;
        if (subscription.Standing.From > set.From) return WithdrawScheduled.LaterFirst();

        return subscription.Facts.LastOrDefault(fact => fact.From < set.From) is { } before
            ? CatalogDecision.Record(before with
            {
                From = set.From,
                Until = newest.Until,
                Decision = decision,
            })
            : CatalogDecision.Refuse(new Refusal(
                "first-one", "id", "It would never have been: let it end soon after it begins."));
    }

    private static ScheduledChange Change(
        DateTimeOffset from, string what, SubscriptionSetV1 set, Func<DecisionV1, CatalogDecision> undo) =>
        new(from, what, Text.Spell(set.Subscription), set.Tenant, set.Decision, "", undo);
}
