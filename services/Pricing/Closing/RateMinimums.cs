using Billing.Contracts.Values;
using Billing.Pricing.Catalog.Storage;
using Billing.Pricing.Rating;
using Billing.Pricing.Rating.Taking;

namespace Billing.Pricing.Closing;

/// <summary>
/// A minimum that comes for a period that was answered, for a meter that was never used in it: nothing else
/// would bring it, since the true-up is rated already.
/// </summary>
internal static class RateMinimums
{
    /// <param name="tallies">Those that are there, and are rated as any other.</param>
    public static async Task Apply(
        TermsChanged changed, HashSet<Guid> tallies, int lane, RatingWork work,
        CancellationToken cancellation)
    {
        var state = work.Catalog.Newest.State;
        foreach (var period in await Closings.Answered(work.Connection, changed.Tenant, cancellation))
            foreach (var (meter, change) in Meters(changed, state.Meters.Keys))
            {
                var key = new TallyKey(
                    period.Tenant, period.Subscription, meter, period.Currency, period.Period);
                if (tallies.Contains(key.Id)) continue;

                var terms = key.Terms(state, work.Zones);
                if (terms.Minimums.IsEmpty) continue;

                await work.Load([key], cancellation);
                var rated = AnswerTotal.Decide(terms, Tally.Empty(terms), work.Total);
                if (rated.Amount.IsZero) continue;

                var (id, fact) = RatingFacts.Changed(change, terms, rated, work.Total.Sheet);
                work.Put(work.Known(key.Id) with { Tally = rated.Tally });
                work.Send(lane, changed.Tenant, id, fact, null);
            }
    }

    private static IEnumerable<(MeterId Meter, FactId Change)> Meters(
        TermsChanged changed, IEnumerable<MeterId> all) =>
        changed.What.SelectMany(part => part.Meter is { } one
                ? [(one, part.Fact)]
                : all.Select(meter => (meter, part.Fact)))
            .DistinctBy(one => one.Item1);
}
