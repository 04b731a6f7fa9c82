using Billing.Contracts.Invoices;
using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.Pricing.Rating;

namespace Billing.Pricing.Subscriptions;

/// <summary>
/// Pricing's part of closing: waits until everything of the period is taken, or the deadline has come, and
/// then says so behind the true-up and the next period's fee. Asked again, it says the same.
/// </summary>
public static class AnswerClose
{
    /// <param name="TakenUpTo">Every raw partition was read up to this moment, and all of that is
    /// rated.</param>
    /// <param name="Behind">What had not been read so far, for people: topic, partition and offset.</param>
    /// <param name="Parked">Facts of the period that wait for a person.</param>
    /// <param name="Unpriced">Facts of the period that wait for a price.</param>
    /// <param name="Given">The answers of this period so far.</param>
    /// <param name="Meters">All meters of the subscription that were used or have a minimum.</param>
    /// <param name="NextFee">The fee of the next period, as <see cref="RateFee"/> decides it; null:
    /// none.</param>
    public sealed record State(
        DateTimeOffset TakenUpTo,
        string Behind,
        long Parked,
        long Unpriced,
        IReadOnlyList<PeriodAnsweredV1> Given,
        IReadOnlyList<MeterTotal> Meters,
        RateFee.Outcome? NextFee = null);

    public sealed record MeterTotal(Terms Terms, Tally Tally);

    /// <summary>A fact and its id, ready to be numbered.</summary>
    public sealed record Numbered(FactId Id, object Fact);

    public abstract record Outcome
    {
        private Outcome() { }

        /// <summary>Not everything is taken yet. Ask again with the next tide, at the latest at the
        /// deadline.</summary>
        public sealed record Waits(DateTimeOffset Until) : Outcome;

        /// <summary>The answer was given before; it is still in the lane.</summary>
        public sealed record AlreadyGiven(PeriodAnsweredV1 Answer) : Outcome;

        /// <param name="Facts">In this order: true-up, next fee, answer.</param>
        /// <param name="Tallies">Those of the meters, with their minimums in their totals.</param>
        public sealed record Answered(IReadOnlyList<Numbered> Facts, IReadOnlyList<Tally> Tallies) : Outcome;
    }

    public static Outcome Decide(CloseAskedV1 ask, State state, PeriodTotal total, DateTimeOffset now)
    {
        if (state.Given.FirstOrDefault(given => given.CloseNumber == ask.CloseNumber) is { } answer)
            return new Outcome.AlreadyGiven(answer);

        var isComplete = state.TakenUpTo >= ask.Period.EndExclusive;
        if (!isComplete && now < ask.Deadline) return new Outcome.Waits(ask.Deadline);

        var facts = new List<Numbered>();
        var tallies = TrueUp(ask, state, total, facts);
        if (state.NextFee is { Id: { } feeId, Fact: { } fee }) facts.Add(new(feeId, fee));

        facts.Add(new(
            RatingIds.Answer(ask.Tenant, ask.Subscription, ask.Currency, ask.Period, ask.CloseNumber),
            new PeriodAnsweredV1(
                ask.Tenant, ask.Currency, ask.Period, ask.CloseNumber, state.TakenUpTo, state.Parked,
                state.Unpriced, ask.Subscription, isComplete ? null : state.Behind)));
        return new Outcome.Answered(facts, tallies);
    }

    // One true-up for the subscription and period. A minimum without a subscription is nobody's promise.
    private static List<Tally> TrueUp(CloseAskedV1 ask, State state, PeriodTotal total, List<Numbered> facts)
    {
        if (ask.Subscription is not { } subscription) return [.. state.Meters.Select(meter => meter.Tally)];

        var rated = state.Meters
            .Select(meter => (meter.Terms, Rated: AnswerTotal.Decide(meter.Terms, meter.Tally, total)))
            .ToList();
        var missing = rated.Where(meter => !meter.Rated.Amount.IsZero).ToList();
        if (missing.Count > 0)
        {
            var amount = Amount.Sum(missing.Select(meter => meter.Rated.Amount), ask.Currency);
            facts.Add(new(RatingIds.TrueUp(subscription, ask.Period), new TrueUpRatedV1(
                ask.Tenant, subscription, ask.Period, amount,
                new([.. missing.Select(meter =>
                        new TraceStepV1($"minimum of {meter.Terms.Meter}", meter.Rated.Amount))],
                    Before: Amount.Zero(ask.Currency), After: amount))));
        }

        return [.. rated.Select(meter => meter.Rated.Tally)];
    }
}
