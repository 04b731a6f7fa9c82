using System.Numerics;
using Billing.Verify.Reading;

namespace Billing.Verify.Recounting;

/// <summary>
/// What the base fees of a period come to with all that is known by now: each plan's for the days on which it is in
/// force, a trial free; a new version of a plan changes its fee with the next period or the next change of plan.
/// </summary>
internal static class Fees
{
    /// <summary>In 10^-12 of the subscription's currency.</summary>
    public static BigInteger Of(CatalogLog catalog, string subscription, DateTimeOffset start)
    {
        var states = catalog.Subscriptions[subscription];
        var first = states[0];
        var period = Calendar.PeriodOf(start, first.Anchor, first.TimeZone);
        var borders = states.SelectMany(state => new[] { state.From, state.Until, state.TrialUntil })
            .OfType<DateTimeOffset>().Where(at => at > period.Start && at < period.End)
            .Append(period.Start).Append(period.End).Distinct().Order().ToList();
        var (plan, since, sum) = ((string?)null, period.Start, BigInteger.Zero);
        for (var index = 0; index + 1 < borders.Count; index++)
        {
            var (from, until) = (borders[index], borders[index + 1]);
            if (catalog.At(subscription, from) is not { } state) continue;

            if (state.Plan != plan) (plan, since) = (state.Plan, from);
            if (state.TrialUntil > from) continue;

            var fee = catalog.PlanAt(state.Plan, since)?.Fees
                .FirstOrDefault(one => one.Currency == first.Currency).Count ?? 0;
            sum += fee * Calendar.Days(from, until, first.TimeZone);
        }

        return Exact.HalfEven(sum, Calendar.Days(period.Start, period.End, first.TimeZone));
    }
}
