using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;

namespace Billing.Pricing.Subscriptions;

/// <summary>
/// A subscription ends at a moment. Until then the end may be moved; afterwards it is over, and what comes is
/// a new one.
/// </summary>
public static class CancelSubscription
{
    /// <param name="RatedUpTo">The latest use that was rated under the subscription.</param>
    public sealed record Command(
        SubscriptionId Subscription, DateTimeOffset At, Author Author, DateTimeOffset? RatedUpTo = null);

    public static CatalogDecision Decide(Command command, CatalogState state, DateTimeOffset now)
    {
        if (!state.Subscriptions.TryGetValue(command.Subscription, out var known))
            return CatalogDecision.Refuse(new Refusal(
                "unknown-subscription", "subscription", $"There is no subscription {command.Subscription}."));

        var before = known.Standing;
        if (before.Until == command.At) return CatalogDecision.AlreadySo;

        var refusals = Check(command, before, now).ToList();
        return refusals.Count > 0
            ? CatalogDecision.Refuse(refusals)
            : CatalogDecision.Record(before with { Until = command.At, Decision = command.Author.At(now) });
    }

    private static IEnumerable<Refusal> Check(Command command, SubscriptionSetV1 before, DateTimeOffset now)
    {
        foreach (var refusal in command.Author.Check()) yield return refusal;

        if (before.Until is { } until && until <= now)
            yield return new("subscription-over", "at", $"The subscription has been over since {until:u}.");
        if (command.At <= before.From)
            yield return new("ends-before-it-begins", "at",
                $"The subscription is as it is since {before.From:u}; it ends later than that.");
        if (command.RatedUpTo is { } rated && rated >= command.At)
            yield return new("rated-after", "at",
                $"Use up to {rated:u} was rated under the subscription. It ends after that.");
    }
}
