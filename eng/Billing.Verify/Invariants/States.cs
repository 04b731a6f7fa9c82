using System.Numerics;
using Billing.Verify.Reading;

namespace Billing.Verify.Invariants;

/// <summary>
/// I3: each accepted event and meter is in exactly one state, and charged means once. Followed by name from Ingestion's
/// facts through Pricing's uses and ratings into the ledger, and back.
/// </summary>
internal static class States
{
    private sealed record UseRow(Guid Usage, string Meter, short State, bool IsTold);

    private const short Taken = 0, TakenBack = 1, Unpriced = 2, CancelWaits = 3;

    public static async Task<Finding> Check(Stores stores, Evidence evidence, CancellationToken cancellation)
    {
        var rows = (await stores.Rows(
            Stores.Pricing, "select usage_id, meter_id, state, is_told from uses",
            row => new UseRow(row.GetGuid(0), row.GetString(1), row.GetInt16(2), row.GetBoolean(3)), cancellation))
            .ToDictionary(row => (row.Usage, row.Meter));
        var rated = evidence.Ratings.Concat(evidence.Parts.Select(part => part.Rating)).Where(rating => rating.WireName == "billing.pricing.use-rated.v1")
            .ToLookup(rating => AcceptedUsage.Key(rating.Body, rating.Body.Text("meter")), StringComparer.Ordinal);
        var booked = evidence.Events.Where(one => one.IsRated).ToLookup(one => one.Cause, StringComparer.Ordinal);
        var suspended = evidence.Suspense.Select(one => one.Fact).ToHashSet();
        var waiting = (await stores.Rows(
            Stores.Ledger, "select body from waiting_facts", row => row.GetFieldValue<byte[]>(0), cancellation)).Count;
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var breaches = new List<string>();

        foreach (var measure in evidence.Usage.Measures)
        {
            var ratings = rated[AcceptedUsage.Key(measure.Fact.Body, measure.Meter)].ToList();
            var state = StateOf(
                evidence, measure, rows.GetValueOrDefault((measure.Fact.Id, measure.Meter)), ratings.Count, breaches);
            counts[state] = counts.GetValueOrDefault(state) + 1;
        }

        foreach (var rating in evidence.Ratings.Where(rating => rating.Body.TryGetProperty("amount", out _)))
            BookedOnce(rating, booked[$"fact {rating.Id}"].Count());
        Merged(evidence, breaches);
        Backwards();
        return Finding.Of(
            "I3", "each accepted event and meter is in exactly one state, charged means once",
            string.Join(", ", counts.Select(state => $"{state.Value} {state.Key}")), breaches);

        void BookedOnce(StoredFact rating, int times)
        {
            var stands = (suspended.Contains(rating.Id) ? 1 : 0) + (evidence.ParkedInLedger.Contains(rating.Id) ? 1 : 0);
            if (times + stands > 1) breaches.Add($"{rating} is in the ledger {times} times and waits {stands} times");
            if (times + stands == 0 && waiting == 0) breaches.Add($"{rating} is not in the ledger and waits nowhere");
        }

        void Backwards()
        {
            var known = evidence.Ratings.Select(rating => $"fact {rating.Id}").ToHashSet(StringComparer.Ordinal);
            foreach (var one in evidence.Events.Where(one => one.IsRated && !known.Contains(one.Cause)))
                breaches.Add($"{one} has no rating behind it");
            var accepted = evidence.Usage.Measures
                .Select(measure => AcceptedUsage.Key(measure.Fact.Body, measure.Meter)).ToHashSet(StringComparer.Ordinal);
            foreach (var group in rated.Where(group => !accepted.Contains(group.Key)))
                breaches.Add($"{group.First()} has no accepted event behind it");
        }
    }

    // What was merged is named by its charge, once, and is all that the charge comes to.
    private static void Merged(Evidence evidence, List<string> breaches)
    {
        var parts = evidence.Parts.ToLookup(part => part.Charge);
        var told = evidence.Ratings.Where(rating => rating.WireName == "billing.pricing.merged-rated.v1").ToList();
        foreach (var charge in told)
        {
            var own = parts[charge.Id].Select(part => part.Rating).ToList();
            var named = charge.Body.GetProperty("facts").EnumerateArray().Select(fact => fact.GetGuid());
            if (!named.SequenceEqual(own.Select(part => part.Id)))
                breaches.Add($"{charge} names other ratings than those that were merged into it");
            var sum = own.Aggregate(BigInteger.Zero, (sum, part) => sum + part.Body.Price("amount").Count);
            if (sum != charge.Body.Price("amount").Count) breaches.Add($"{charge} is not the sum of its parts");
        }

        var known = told.Select(charge => charge.Id).ToHashSet();
        foreach (var part in evidence.Parts.Where(part => part.Charge is { } charge && !known.Contains(charge)))
            breaches.Add($"{part.Rating} was merged into a charge that was never told");
    }

    private static string StateOf(
        Evidence evidence, AcceptedUsage.Measure measure, UseRow? row, int ratings, List<string> breaches)
    {
        var isParked = evidence.ParkedInPricing.Contains(measure.Fact.Id);
        var state = (row, isParked) switch
        {
            (null, true) => "parked",
            (null, false) => "in no state",
            ({ State: Taken, IsTold: true }, _) => "charged",
            ({ State: Taken }, _) => "informational",
            ({ State: TakenBack }, _) => "canceled",
            ({ State: Unpriced }, _) => "unpriced",
            ({ State: CancelWaits }, _) => "waiting",
            _ => "in an unknown state",
        };
        var isCharged = row is { IsTold: true };
        if (row is null && !isParked) breaches.Add($"{Named()} was accepted and is in no state");
        if (row is not null && isParked) breaches.Add($"{Named()} is {state} and parked as well");
        if (isCharged && ratings != 1) breaches.Add($"{Named()} is {state} and was rated {ratings} times");
        if (!isCharged && ratings != 0) breaches.Add($"{Named()} is {state} and was rated {ratings} times");
        if (state == "charged" && evidence.Usage.IsCanceled(measure))
            breaches.Add($"{Named()} was canceled and is still charged");

        return state;

        string Named() => $"{measure.Event}, {measure.Meter} ({measure.Fact})";
    }
}
