using System.Numerics;
using Billing.Verify.Reading;
using Billing.Verify.Recounting;

namespace Billing.Verify.Invariants;

/// <summary>Finds the event from which on a total is wrong.</summary>
internal static class FirstWrong
{
    public static string Of(
        Evidence evidence, Dictionary<Account, List<AcceptedUsage.Measure>> uses, string tenant, string meter)
    {
        var ratings = evidence.Ratings.Where(rating => rating.Body.Find("tenant") == tenant
            && (meter.Length == 0 || rating.Body.Find("meter") == meter)).ToList();

        return NotBooked(evidence, ratings) ?? NotRated(evidence, uses, ratings, tenant, meter)
            ?? WrongRating(evidence, uses, ratings, tenant, meter) ?? "no single event was found to blame";
    }

    // A rating and what it became in the ledger differ, or one of the two is not there.
    private static string? NotBooked(Evidence evidence, List<StoredFact> ratings)
    {
        var booked = evidence.Events.Where(one => one.IsRated)
            .GroupBy(one => one.Cause, StringComparer.Ordinal)
            .ToDictionary(one => one.Key, one => one.ToList(), StringComparer.Ordinal);
        foreach (var rating in ratings.Where(rating => rating.Body.TryGetProperty("amount", out _)))
        {
            if (!booked.TryGetValue($"fact {rating.Id}", out var events)) return $"not in the ledger: {rating}{Name(rating)}";
            if (events.Count > 1) return $"more than once in the ledger: {rating}{Name(rating)}, again as {events[1]}";
            if (events[0].Amount != rating.Body.Price("amount"))
                return $"rated {rating.Body.Text("amount")} and booked {events[0].Amount}: {rating}{Name(rating)}";
        }

        return null;
    }

    private static string? NotRated(
        Evidence evidence, Dictionary<Account, List<AcceptedUsage.Measure>> uses, List<StoredFact> ratings,
        string tenant, string meter)
    {
        var rated = ratings.Where(rating => rating.WireName == "billing.pricing.use-rated.v1")
            .Select(rating => AcceptedUsage.Key(rating.Body, rating.Body.Text("meter"))).ToHashSet(StringComparer.Ordinal);
        foreach (var (account, measures) in uses)
        {
            if (account.Tenant != tenant || (meter.Length > 0 && account.Meter != meter)) continue;

            foreach (var measure in measures)
                if (!rated.Contains(AcceptedUsage.Key(measure.Fact.Body, measure.Meter))
                    && IsWorthSomething(evidence, account, measures, measure))
                    return $"not rated: {measure.Event}, {measure.Meter} ({measure.Fact})";
        }

        return null;
    }

    private static bool IsWorthSomething(
        Evidence evidence, Account account, List<AcceptedUsage.Measure> all, AcceptedUsage.Measure one) =>
        Total(evidence, account, all) != Total(evidence, account, [.. all.Where(other => other != one)]);

    // Ratings taken in their order: up to some of them they add up to the recount of the same uses, up to the next not.
    private static string? WrongRating(
        Evidence evidence, Dictionary<Account, List<AcceptedUsage.Measure>> uses, List<StoredFact> ratings,
        string tenant, string meter)
    {
        foreach (var (account, measures) in uses)
        {
            if (account.Tenant != tenant || (meter.Length > 0 && account.Meter != meter)) continue;

            var byName = measures.ToDictionary(
                measure => AcceptedUsage.Key(measure.Fact.Body, measure.Meter), StringComparer.Ordinal);
            var inOrder = ratings.Where(rating => rating.WireName == "billing.pricing.use-rated.v1")
                .Select(rating => (
                    Rating: rating,
                    Measure: byName.GetValueOrDefault(AcceptedUsage.Key(rating.Body, rating.Body.Text("meter")))))
                .Where(pair => pair.Measure is not null).ToList();
            if (IsRight(inOrder.Count)) continue;

            var (right, wrong) = (0, inOrder.Count);
            while (wrong - right > 1)
            {
                var middle = (right + wrong) / 2;
                (right, wrong) = IsRight(middle) ? (middle, wrong) : (right, middle);
            }

            return $"wrong from here on: {inOrder[wrong - 1].Rating}{Name(inOrder[wrong - 1].Rating)}";

            bool IsRight(int count) => inOrder.Take(count)
                .Aggregate(BigInteger.Zero, (sum, pair) => sum + pair.Rating.Body.Price("amount").Count)
                == Total(evidence, account, [.. inOrder.Take(count).Select(pair => pair.Measure!)]);
        }

        return null;
    }

    private static BigInteger Total(Evidence evidence, Account account, List<AcceptedUsage.Measure> measures) =>
        new Recount(evidence.Catalog, account).Total([.. measures.Select(measure => measure.Use)], false);

    private static string Name(StoredFact rating) =>
        rating.Body.TryGetProperty("event", out var name) ? $" of event {name.Text("source")} {name.Text("id")}" : "";
}
