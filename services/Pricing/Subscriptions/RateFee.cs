using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;

namespace Billing.Pricing.Subscriptions;

/// <summary>What was rated as fees of one period. Plain data.</summary>
/// <param name="Parts">By which it was reckoned.</param>
/// <param name="Covered">The moments from which prorations were rated.</param>
public sealed record FeesRated(
    Amount Total, IReadOnlyList<BaseFee.Part> Parts, IReadOnlyList<DateTimeOffset> Covered);

/// <summary>
/// The base fee of a period, in advance, by everything that is known then. Once for each period; what changes
/// later comes as proration.
/// </summary>
public static class RateFee
{
    /// <param name="Fact">Null: it was rated before, or there is nothing to charge for.</param>
    public sealed record Outcome(FactId? Id, FeeRatedV1? Fact, FeesRated? Fees);

    public static Outcome Decide(
        SubscriptionHistory subscription, BillingPeriod period, CatalogState catalog, ZoneOffset zone,
        FeesRated? known)
    {
        if (known is not null) return new(null, null, known);

        var parts = BaseFee.Parts(subscription, period, catalog, zone);
        if (parts.Count == 0) return new(null, null, null);

        var first = subscription.First;
        var days = LocalDays.In(period, zone);
        var amount = BaseFee.Total(parts, days, first.Currency);
        return new(
            RatingIds.Fee(first.Subscription, period),
            new(first.Tenant, first.Subscription, parts[0].Plan, period, amount, new(
                [.. BaseFee.Steps(parts, days, first.Currency)],
                Before: Amount.Zero(first.Currency), After: amount)),
            new(amount, parts, []));
    }
}

/// <summary>
/// The difference that a change of the subscription makes to the fees of a period that were rated. Rated when
/// the days that it is about begin, not before: until then the change may be changed.
/// </summary>
public static class RateProration
{
    public abstract record Outcome
    {
        private Outcome() { }

        /// <summary>The fees are what they were.</summary>
        public sealed record Nothing : Outcome;

        /// <summary>Ask again at that moment.</summary>
        public sealed record Later(DateTimeOffset At) : Outcome;

        public sealed record Rated(FactId Id, ProrationRatedV1 Fact, FeesRated Fees) : Outcome;
    }

    public static Outcome Decide(
        SubscriptionHistory subscription, BillingPeriod period, CatalogState catalog, ZoneOffset zone,
        FeesRated known, DateTimeOffset now)
    {
        var parts = BaseFee.Parts(subscription, period, catalog, zone);
        if (FirstDifference(known.Parts, parts) is not { } from) return new Outcome.Nothing();
        if (from > now) return new Outcome.Later(from);

        var first = subscription.First;
        var days = LocalDays.In(period, zone);
        var total = BaseFee.Total(parts, days, first.Currency);
        var covered = new BillingPeriod(from, period.EndExclusive);
        var plan = subscription.InForce(from)?.Plan ?? subscription.Newest.Plan;
        return new Outcome.Rated(
            RatingIds.Proration(
                first.Subscription, period, covered, known.Covered.Count(before => before == from)),
            new(first.Tenant, first.Subscription, plan, period, covered, total - known.Total, new(
                [
                    .. BaseFee.Steps(parts, days, first.Currency),
                    .. BaseFee.Steps(known.Parts, days, first.Currency, isTakenBack: true),
                ],
                Before: known.Total, After: total)),
            new(total, parts, [.. known.Covered, from]));
    }

    // Null: they say the same of every moment.
    private static DateTimeOffset? FirstDifference(
        IReadOnlyList<BaseFee.Part> before, IReadOnlyList<BaseFee.Part> after)
    {
        for (var index = 0; index < Math.Max(before.Count, after.Count); index++)
        {
            if (index >= before.Count) return after[index].From;
            if (index >= after.Count) return before[index].From;

            var (one, other) = (before[index], after[index]);
            if (one with { Agreed = other.Agreed } == other) continue;
            if (one.From != other.From) return one.From < other.From ? one.From : other.From;
            if (!one.HasSameFee(other)) return one.From;

            return one.Until < other.Until ? one.Until : other.Until;
        }

        return null;
    }
}
