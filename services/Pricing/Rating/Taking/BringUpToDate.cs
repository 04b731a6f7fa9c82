using Billing.Contracts;
using Billing.Contracts.Values;

namespace Billing.Pricing.Rating.Taking;

/// <summary>
/// Rates what facts of the catalog have changed about a tally since it was last reckoned, each difference as
/// that fact's. Nothing is left for it to do again, since the tally's number goes on with it.
/// </summary>
internal static class BringUpToDate
{
    public static async Task<KnownTally> Of(
        KnownTally known, RatingWork work, CancellationToken cancellation)
    {
        var (number, steps) = (known.CatalogNumber, work.Catalog);
        if (number == steps.Number) return known;
        if (number >= steps.Oldest.Number && !steps.Behind(number).Any(step => IsAbout(step, known.Key)))
            return known with { CatalogNumber = steps.Number };

        return await Of(
            new TallyRow(known.Key, known.Stamp, number, known.Tally, known.LastUsedAt), work, cancellation);
    }

    public static async Task<KnownTally> Of(
        TallyRow row, RatingWork work, CancellationToken cancellation)
    {
        var (steps, tally) = (work.Catalog, row.Tally);
        var terms = row.Key.Terms(steps.Newest.State, work.Zones);
        if (terms.Id != tally.Terms)
        {
            if (row.CatalogNumber < steps.Oldest.Number)
                tally = Rate(
                    row.Key, tally, await Before(row, steps, work, cancellation), steps.Oldest, work);
            foreach (var step in steps.Behind(row.CatalogNumber))
                if (IsAbout(step, row.Key) || step.After.Number == steps.Number)
                    tally = Rate(row.Key, tally, step.Fact, step.After, work);
        }

        return new(row.Key, row.Stamp, steps.Number, terms, tally, row.LastUsedAt);
    }

    private static bool IsAbout(CatalogStep step, TallyKey key) =>
        Concerns.Is(step.Message, key, step.After.State);

    // What lies further back than is kept in memory is told as the last of the facts that may have done it.
    private static async Task<FactId> Before(
        TallyRow row, CatalogSteps steps, RatingWork work, CancellationToken cancellation)
    {
        var facts = await CatalogHistory.Behind(
            row.CatalogNumber, work.Connection, cancellation, steps.Oldest.Number);
        var concerned = facts.Where(fact => Concerns.Is(fact.Message, row.Key, steps.Oldest.State)).ToList();
        return (concerned.Count > 0 ? concerned : facts)[^1].Id;
    }

    private static Tally Rate(
        TallyKey key, Tally tally, FactId change, Catalog.Storage.KnownCatalog at, RatingWork work)
    {
        var terms = key.Terms(at.State, work.Zones);
        if (terms.Id == tally.Terms) return tally;

        var uses = tally.Taken == 0 ? [] : UseRows.Taken(work.Connection, key.Id).Select(row => row.Use);
        var rated = RateTerms.Decide(terms, tally, uses, work.Total);
        if (rated.As == RatedAs.TooLarge)
            throw new InvalidOperationException(
                $"By fact {change} of the catalog {key.Meter} comes to more than can be reckoned with.");

        if (!rated.Amount.IsZero)
        {
            var (id, fact) = RatingFacts.Changed(change, terms, rated, work.Total.Sheet);
            var trace = System.Diagnostics.Activity.Current?.Id;
            work.Send(Lanes.Of(key.Tenant), key.Tenant, id, fact, trace);
        }

        return rated.Tally;
    }
}
