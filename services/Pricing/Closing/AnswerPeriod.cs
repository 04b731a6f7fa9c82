using Billing.Contracts;
using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.Pricing.Merging;
using Billing.Pricing.Rating.Taking;
using Billing.Pricing.Schedules;
using Billing.Pricing.Subscriptions;
using Billing.ServiceDefaults.UsagePath.Waiting;

namespace Billing.Pricing.Closing;

/// <summary>
/// The answer to a close: behind everything that was used in the period come the true-up, the next period's
/// fee and the answer itself, in the tenant's lane. From then on the minimums are part of the totals.
/// </summary>
internal static class AnswerPeriod
{
    /// <summary>Of a row in the inbox.</summary>
    public const string Kind = "close";

    private sealed record Due(Guid Period, int CloseNumber);

    public static async Task Apply(InboxRow row, RatingWork work, CancellationToken cancellation)
    {
        var due = ContractsJson.Read<Due>(row.Body.Span);
        var (ask, given) = await Closings.Read(work.Connection, due.Period, cancellation);
        if (ask.FirstOrDefault(one => one.CloseNumber == due.CloseNumber) is not { } asked) return;

        var period = PeriodKey.Of(asked);
        var meters = await Meters(period, work, cancellation);
        var (readUpTo, behind) = await Closings.ReadUpTo(work.Connection, row.Lane, cancellation);
        var fee = await NextFee(period, work, cancellation);
        var outcome = AnswerClose.Decide(
            asked,
            new(
                readUpTo, behind,
                await LeftOver.Parked(work.Connection, row.Lane, period, work, cancellation),
                await LeftOver.Unpriced(work.Connection, period, work, cancellation), given,
                [.. meters.Select(known => new AnswerClose.MeterTotal(known.Terms, known.Tally))],
                fee is { Outcome.Fact.Amount.IsZero: false } ? fee.Value.Outcome : null),
            work.Total, work.Now);
        if (outcome is not AnswerClose.Outcome.Answered answered) return;

        await TellWindow.Apply(period, row.Lane, work, cancellation);
        foreach (var (known, tally) in meters.Zip(answered.Tallies))
            if (!ReferenceEquals(known.Tally, tally)) work.Put(known with { Tally = tally });
        foreach (var (id, fact) in answered.Facts) work.Send(row.Lane, asked.Tenant, id, fact, null);
        if (fee is { Outcome: { Fact: not null, Fees: { } fees }, Period: { } next })
            await PeriodFees.Put(
                work.Connection, asked.Subscription!.Value, asked.Tenant, next, fees, cancellation);
        await Closings.Answer(
            work.Connection, due.Period, (PeriodAnsweredV1)answered.Facts[^1].Fact, work.Now, cancellation);
    }

    /// <summary>Those that were used, and those that have a minimum.</summary>
    private static async Task<List<KnownTally>> Meters(
        PeriodKey period, RatingWork work, CancellationToken cancellation)
    {
        var state = work.Catalog.Newest.State;
        var keys = (await Closings.Tallies(work.Connection, period, cancellation))
            .ToDictionary(key => key.Meter);
        if (period.Subscription is { } subscription)
            foreach (var meter in state.Meters.Keys.Where(meter => !keys.ContainsKey(meter)).ToList())
            {
                var key = new TallyKey(period.Tenant, subscription, meter, period.Currency, period.Period);
                if (!key.Terms(state, work.Zones).Minimums.IsEmpty) keys.Add(meter, key);
            }

        await work.Load(keys.Values, cancellation);
        return [.. keys.Values.OrderBy(key => key.Meter.ToString(), StringComparer.Ordinal)
            .Select(key => work.Known(key.Id))];
    }

    private static async Task<(RateFee.Outcome Outcome, BillingPeriod Period)?> NextFee(
        PeriodKey period, RatingWork work, CancellationToken cancellation)
    {
        if (period.Subscription is not { } id) return null;

        var state = work.Catalog.Newest.State;
        var subscription = state.Subscriptions[id];
        var zone = work.Zones(subscription.First.TimeZone)!;
        var next = subscription.Period(period.Period.EndExclusive, zone);
        var known = await PeriodFees.Read(work.Connection, id, cancellation);
        return (RateFee.Decide(subscription, next, state, zone, known.GetValueOrDefault(next.Start)), next);
    }
}
