using Billing.Contracts;
using Billing.Contracts.Values;
using Billing.Pricing.Rating.Taking;
using Billing.Pricing.Subscriptions;
using Billing.ServiceDefaults.UsagePath.Waiting;

namespace Billing.Pricing.Schedules;

/// <summary>
/// Base fees of the periods of a subscription that have begun, and what changes of it make of those that were
/// rated before; then it says when to look again. All of it once, whenever and however often it is asked.
/// What comes to nothing is kept, so that a change is a difference to it, and is no charge.
/// </summary>
internal static class RateFees
{
    /// <summary>Of a row in the inbox.</summary>
    public const string Kind = "fees";

    private sealed record Due(TenantId Tenant, SubscriptionId Subscription);

    public static Task Apply(InboxRow row, RatingWork work, CancellationToken cancellation)
    {
        var due = ContractsJson.Read<Due>(row.Body.Span);
        return Apply(due.Subscription, row.Lane, work, cancellation);
    }

    public static async Task Apply(
        SubscriptionId id, int lane, RatingWork work, CancellationToken cancellation)
    {
        var subscription = work.Catalog.Newest.State.Subscriptions[id];
        var zone = work.Zones(subscription.First.TimeZone)!;
        var known = await PeriodFees.Read(work.Connection, id, cancellation);
        DateTimeOffset? next = null;
        var (period, isOver) = (subscription.Period(subscription.Start, zone), false);
        while (!isOver && Begins(period, subscription) <= work.Now)
        {
            var (fees, later) = Rate(
                subscription, period, zone, lane, known.GetValueOrDefault(period.Start), work);
            if (later is { } moment && (next is null || moment < next)) next = moment;
            if (fees is not null)
                await PeriodFees.Put(
                    work.Connection, id, subscription.First.Tenant, period, fees, cancellation);
            // An ended subscription has no further fees; what it was charged may still change.
            isOver = subscription.Newest.Until is { } until && until <= period.EndExclusive;
            if (!isOver) period = subscription.Period(period.EndExclusive, zone);
        }

        if (!isOver && (next is null || Begins(period, subscription) < next))
            next = Begins(period, subscription);
        await FeesDue.Put(work.Connection, id, subscription.First.Tenant, lane, next, cancellation);
    }

    /// <param name="before">What was rated of the period already.</param>
    private static (FeesRated? Fees, DateTimeOffset? Later) Rate(
        SubscriptionHistory subscription, BillingPeriod period, ZoneOffset zone, int lane, FeesRated? before,
        RatingWork work)
    {
        var state = work.Catalog.Newest.State;
        if (before is null)
        {
            var fee = RateFee.Decide(subscription, period, state, zone, null);
            if (fee is { Id: { } feeId, Fact: { Amount.IsZero: false } fact })
                work.Send(lane, fact.Tenant, feeId, fact, null);
            return (fee.Fees, null);
        }

        switch (RateProration.Decide(subscription, period, state, zone, before, work.Now))
        {
            case RateProration.Outcome.Rated rated:
                if (!rated.Fact.Amount.IsZero)
                    work.Send(lane, rated.Fact.Tenant, rated.Id, rated.Fact, null);
                return (rated.Fees, null);
            case RateProration.Outcome.Later later: return (null, later.At);
            default: return (null, null);
        }
    }

    /// <summary>The first one when the subscription does.</summary>
    private static DateTimeOffset Begins(BillingPeriod period, SubscriptionHistory subscription) =>
        period.Start < subscription.Start ? subscription.Start : period.Start;
}
