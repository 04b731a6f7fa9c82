using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;

namespace Billing.Pricing.Subscriptions;

/// <summary>
/// A subscription from its start on. Each fact says how it is from a moment on; of those that have begun, the
/// newest holds.
/// </summary>
public sealed record SubscriptionHistory(IReadOnlyList<SubscriptionSetV1> Facts)
{
    public SubscriptionSetV1 First => Facts[0];

    public SubscriptionSetV1 Newest => Facts[^1];

    public DateTimeOffset Start => First.From;

    /// <summary>The newest, from when on it says something new: not where a change was withdrawn.</summary>
    public SubscriptionSetV1 Standing => Newest with
    {
        From = Catalog.Scheduled.Standing.Of(Facts, fact => fact.From, IsSame).Last().From,
    };

    /// <summary>The same terms; when they end is another matter.</summary>
    public static bool IsSame(SubscriptionSetV1? before, SubscriptionSetV1 after) =>
        before is not null && (before.Plan, before.Country, before.TrialUntil)
            == (after.Plan, after.Country, after.TrialUntil);

    /// <summary>Null before the start and from the end on.</summary>
    public SubscriptionSetV1? InForce(DateTimeOffset moment)
    {
        for (var index = Facts.Count - 1; index >= 0; index--)
        {
            if (Facts[index].From > moment) continue;

            return Facts[index].Until is { } until && moment >= until ? null : Facts[index];
        }

        return null;
    }

    /// <summary>The moments in a span at which something about the subscription changes.</summary>
    public IEnumerable<DateTimeOffset> Borders(DateTimeOffset from, DateTimeOffset until) => Facts
        .SelectMany(fact => new[] { fact.From, fact.Until ?? from, fact.TrialUntil ?? from })
        .Where(border => from < border && border < until);

    /// <summary>The period of the subscription that a moment is in.</summary>
    public BillingPeriod Period(DateTimeOffset moment, ZoneOffset zone) =>
        Periods.Containing(moment, First.Anchor, zone);

    /// <summary>
    /// The subscription that a tenant's use at a moment belongs to; null: none. There is never more than one.
    /// </summary>
    public static SubscriptionSetV1? Of(TenantId tenant, DateTimeOffset moment, CatalogState state)
    {
        if (!state.SubscriptionsOf.TryGetValue(tenant, out var subscriptions)) return null;

        foreach (var subscription in subscriptions)
            if (state.Subscriptions[subscription].InForce(moment) is { } found) return found;

        return null;
    }
}

/// <summary>
/// The offsets of a time zone of the time zone database; null where it has none of that name. Services share
/// one version of the database (docs/adr/0008).
/// </summary>
public delegate ZoneOffset? FindZone(string name);
