using System.Numerics;
using System.Text.Json;
using Billing.Verify.Reading;
using Billing.Verify.Recounting;

namespace Billing.Verify.Invariants;

/// <summary>
/// I2: what the ledger says that Pricing charged is what comes out when the accepted events are counted anew; fees and
/// prorations as well. What people corrected afterwards has to stay within the charge.
/// </summary>
internal static class Money
{
    private const string What = "money in the ledger is that of an independent recount";

    /// <summary>Usage of all meters of one period.</summary>
    private sealed record PeriodKey(string Tenant, string? Subscription, string Currency, DateTimeOffset Start);

    public static Finding Check(Evidence evidence)
    {
        var ledger = Sums(evidence.Events);
        AddOpenWindows(evidence, ledger);
        AddRefused(evidence, ledger);
        var answered = Answered(evidence.Ratings);
        var uses = Uses(evidence);
        var (breaches, recounted) = (new List<string>(), new Dictionary<PeriodKey, Dictionary<string, BigInteger>>());
        foreach (var (account, measures) in uses)
        {
            var key = new PeriodKey(account.Tenant, account.Subscription, account.Currency, account.Period.Start);
            if (!recounted.TryGetValue(key, out var meters)) recounted.Add(key, meters = new(StringComparer.Ordinal));
            meters[account.Meter] = new Recount(evidence.Catalog, account)
                .Total([.. measures.Select(measure => measure.Use)], answered.Contains(key));
        }

        foreach (var key in recounted.Keys.Union(ledger.Keys))
        {
            var (counted, booked) = (recounted.GetValueOrDefault(key, []), ledger.GetValueOrDefault(key, []));
            if (answered.Contains(key)) // a true-up is of all meters
                (counted, booked) = (Together(counted), Together(booked));
            foreach (var meter in counted.Keys.Union(booked.Keys, StringComparer.Ordinal))
            {
                var (expected, found) = (counted.GetValueOrDefault(meter), booked.GetValueOrDefault(meter));
                if (expected == found) continue;

                breaches.Add(
                    $"{key.Tenant}, {key.Subscription ?? "no subscription"}, {(meter.Length == 0 ? "all meters" : meter)}, "
                    + $"period from {key.Start:yyyy-MM-dd}: recounted {new Priced(expected, key.Currency)}, in the "
                    + $"ledger {new Priced(found, key.Currency)}; {FirstWrong.Of(evidence, uses, key.Tenant, meter)}");
            }
        }

        breaches.AddRange(FeeBreaches(evidence));
        breaches.AddRange(Corrections(evidence.Events));
        return Finding.Of("I2", What, Seen(evidence, uses, recounted.Values), breaches);
    }

    /// <summary>Uses that were taken and not taken back, by what they are counted with.</summary>
    public static Dictionary<Account, List<AcceptedUsage.Measure>> Uses(Evidence evidence)
    {
        var (accounts, uses) = (new Accounts(evidence.Catalog), new Dictionary<Account, List<AcceptedUsage.Measure>>());
        foreach (var measure in evidence.Usage.Measures)
        {
            if (evidence.Usage.IsCanceled(measure) || evidence.ParkedInPricing.Contains(measure.Fact.Id)) continue;
            if (accounts.Of(measure.Tenant, measure.Meter, measure.Use.At) is not { } account) continue;

            if (!uses.TryGetValue(account, out var list)) uses.Add(account, list = []);
            list.Add(measure);
        }

        return uses;
    }

    private static Dictionary<PeriodKey, Dictionary<string, BigInteger>> Sums(IReadOnlyList<LedgerEvent> events)
    {
        var sums = new Dictionary<PeriodKey, Dictionary<string, BigInteger>>();
        foreach (var one in events.Where(one => one.IsRated && one.Kind is not ("fee" or "proration")))
        {
            var amount = one.Amount;
            var key = new PeriodKey(one.Tenant, one.Subscription, amount.Currency, one.Serves);
            if (!sums.TryGetValue(key, out var meters)) sums.Add(key, meters = new(StringComparer.Ordinal));
            meters[one.Meter ?? ""] = meters.GetValueOrDefault(one.Meter ?? "") + amount.Count;
        }

        return sums;
    }

    // What waits in a window is rated, and on its way to the ledger.
    private static void AddOpenWindows(
        Evidence evidence, Dictionary<PeriodKey, Dictionary<string, BigInteger>> sums)
    {
        foreach (var part in evidence.Parts.Where(part => part.Charge is null).Select(part => part.Rating.Body))
            Add(sums, part, part.Price("amount"));
    }

    // Pricing rated it, and whether it is owed a person decides, or has decided. What came under an id that was taken
    // is another matter.
    private static void AddRefused(
        Evidence evidence, Dictionary<PeriodKey, Dictionary<string, BigInteger>> sums)
    {
        var refused = evidence.Suspense.Where(one => one.Refusal != "key-reused").Select(one => one.Fact)
            .Concat(evidence.ParkedInLedger).ToHashSet();
        foreach (var rating in evidence.Ratings.Where(one => refused.Contains(one.Id)))
        {
            if (rating.Body.FindPrice("amount") is not { } amount || IsFee(rating)) continue;

            Add(sums, rating.Body, amount);
        }
    }

    private static bool IsFee(StoredFact rating) => rating.WireName
        is "billing.pricing.fee-rated.v1" or "billing.pricing.proration-rated.v1";

    private static void Add(
        Dictionary<PeriodKey, Dictionary<string, BigInteger>> sums, JsonElement rating, Priced amount)
    {
        var meter = rating.Find("meter") ?? "";
        var key = new PeriodKey(
            rating.Text("tenant"), rating.Find("subscription"), amount.Currency,
            rating.GetProperty("period").Moment("start"));
        if (!sums.TryGetValue(key, out var meters)) sums.Add(key, meters = new(StringComparer.Ordinal));
        meters[meter] = meters.GetValueOrDefault(meter) + amount.Count;
    }

    private static HashSet<PeriodKey> Answered(IEnumerable<StoredFact> ratings) =>
    [
        .. ratings.Where(rating => rating.WireName == "billing.pricing.period-answered.v1").Select(rating =>
            new PeriodKey(
                rating.Body.Text("tenant"), rating.Body.Find("subscription"), rating.Body.Text("currency"),
                rating.Body.GetProperty("period").Moment("start"))),
    ];

    private static Dictionary<string, BigInteger> Together(Dictionary<string, BigInteger> meters) =>
        new() { [""] = meters.Values.Aggregate(BigInteger.Zero, (sum, one) => sum + one) };

    private static IEnumerable<string> FeeBreaches(Evidence evidence) =>
        from period in evidence.Events.Where(one => one.IsRated && one.Kind is "fee" or "proration")
            .GroupBy(one => (Subscription: one.Subscription!, one.Serves))
        let rated = period.Max(one => one.RecordedAt)
        let expected = Fees.Of(
            evidence.Catalog, period.Key.Subscription, period.Key.Serves, evidence.ReadAt, rated)
        let booked = period.Aggregate(BigInteger.Zero, (sum, one) => sum + one.Amount.Count)
        where expected != booked
        select $"fees of {period.Key.Subscription}, period from {period.Key.Serves:yyyy-MM-dd}: recounted "
            + $"{Exact.Write(expected, Exact.MoneyDecimals)}, in the ledger {Exact.Write(booked, Exact.MoneyDecimals)}; "
            + $"the first is {period.First()}";

    // A void takes off all that is left, a credit never more than that.
    private static IEnumerable<string> Corrections(IReadOnlyList<LedgerEvent> events)
    {
        var left = new Dictionary<Guid, BigInteger>();
        foreach (var one in events.Where(one => one.IsOfCharge))
        {
            var before = left.GetValueOrDefault(one.Charge);
            var amount = one.Amount.Count;
            if (one.Type != "charge_posted" && !left.ContainsKey(one.Charge))
                yield return $"{one} changes a charge that is not there";
            if (one.Type == "charge_voided" && amount != -before)
                yield return $"{one} voids {-amount} of {before}";
            if (one.Type == "charge_credited" && (amount.Sign >= 0 || before + amount < 0))
                yield return $"{one} credits {-amount} of {before}";
            left[one.Charge] = before + amount;
        }
    }

    private static string Seen(
        Evidence evidence, Dictionary<Account, List<AcceptedUsage.Measure>> uses,
        IEnumerable<Dictionary<string, BigInteger>> totals)
    {
        var corrections = evidence.Events.Count(one => one.IsOfCharge && !one.IsRated);
        return $"{uses.Values.Sum(list => list.Count)} measures of {evidence.Usage.Facts} accepted events counted anew "
            + $"into {totals.Sum(meters => meters.Count)} totals, {corrections} corrections";
    }
}
