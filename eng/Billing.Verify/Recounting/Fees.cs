using System.Numerics;
using Billing.Verify.Reading;

namespace Billing.Verify.Recounting;

/// <summary>
/// What the base fees of a period come to: each plan's, or what was agreed with the tenant instead, for the days on
/// which it is in force, a trial free; a new version of a plan changes its fee with the next period or the next change
/// of plan. A fee is rated in advance by all that is known then; what was decided since counts from its own moment on.
/// </summary>
internal static class Fees
{
    /// <summary>In 10^-12 of the subscription's currency.</summary>
    /// <param name="now">Of days behind it...</param>
    /// <param name="rated">... only what was decided when the last fee or proration of the period was rated.</param>
    public static BigInteger Of(
        CatalogLog catalog, string subscription, DateTimeOffset start, DateTimeOffset now, DateTimeOffset rated)
    {
        var states = catalog.Subscriptions[subscription];
        var first = states[0];
        var agreed = catalog.AgreedFees(first.Tenant, first.Currency);
        var period = Calendar.PeriodOf(start, first.Anchor, first.TimeZone);
        var borders = states.SelectMany(state => new[] { state.From, state.Until, state.TrialUntil })
            .OfType<DateTimeOffset>().Concat(agreed.Select(one => one.From))
            .Where(at => at > period.Start && at < period.End)
            .Append(period.Start).Append(period.End).Distinct().Order().ToList();
        var (plan, since, sum) = ((string?)null, period.Start, BigInteger.Zero);
        for (var index = 0; index + 1 < borders.Count; index++)
        {
            var (from, until) = (borders[index], borders[index + 1]);
            var state = states.LastOrDefault(one => one.From <= from && IsKnown(one.DecidedAt, from));
            if (state is null || state.Until <= from) continue;

            if (state.Plan != plan) (plan, since) = (state.Plan, from);
            if (state.TrialUntil > from) continue;

            var fee = Agreed.At([.. agreed.Where(one => IsKnown(one.DecidedAt, from))], state.Plan, from)
                ?? catalog.PlanAt(state.Plan, since)?.Fees
                    .FirstOrDefault(one => one.Currency == first.Currency).Count ?? 0;
            sum += fee * Calendar.Days(from, until, first.TimeZone);
        }

        return Exact.HalfEven(sum, Calendar.Days(period.Start, period.End, first.TimeZone));

        bool IsKnown(DateTimeOffset decided, DateTimeOffset at) => at <= now || decided <= rated;
    }
}
