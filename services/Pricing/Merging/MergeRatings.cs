using System.Globalization;
using Billing.Contracts.Ratings;
using Billing.Contracts.Values;

namespace Billing.Pricing.Merging;

/// <summary>
/// The ratings of a window become one, which is their exact sum and names them all. Nothing is rated anew, so
/// whatever is merged, and in however many pieces, a period comes to the same.
/// </summary>
public static class MergeRatings
{
    /// <summary>Of one charge; more make another one, since a message has its limits.</summary>
    public const int MostParts = 5_000;

    /// <summary>What waits in a window is told that long behind its end, or behind the first late
    /// use.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    /// <summary>When what comes into a window now is told.</summary>
    public static DateTimeOffset DueAt(BillingPeriod window, DateTimeOffset now) =>
        (now > window.EndExclusive ? now : window.EndExclusive) + Grace;

    /// <param name="parts">Of one meter and window, in the order taken.</param>
    public static IEnumerable<(FactId Id, MergedRatedV1 Fact, IReadOnlyList<MergePart> Parts)> Decide(
        IReadOnlyList<MergePart> parts) => parts.Chunk(MostParts).Select(Merge);

    private static (FactId, MergedRatedV1, IReadOnlyList<MergePart>) Merge(MergePart[] parts)
    {
        var (first, of) = (parts[0], parts[0].Of);
        if (parts.Any(part => part.Window != first.Window || part.Of != of))
            throw new InvalidOperationException("Parts of one charge are of one window, meter and period.");

        var amount = Amount.Sum(parts.Select(part => part.Amount), of.Currency);
        var quantity = parts.Aggregate(Quantity.Zero, (sum, part) => sum + part.Quantity);
        return (
            RatingIds.Merged(of.Tenant, of.Meter, first.Window, first.Id),
            new(
                of.Tenant, of.Meter, first.Window, [.. parts.Select(part => part.Id)], of.Period, quantity,
                amount, Trace(parts, amount, quantity), of.Subscription),
            parts);
    }

    // The rule is told where it is one and the same; the arithmetic of each part stays with the part.
    private static RatingTraceV1 Trace(MergePart[] parts, Amount amount, Quantity quantity)
    {
        var first = parts[0].Trace;
        var isOne = parts.All(part => part.Trace.Rule == first.Rule
            && part.Trace.RuleVersion == first.RuleVersion && part.Trace.Level == first.Level);
        var what = string.Create(
            CultureInfo.InvariantCulture, $"{parts.Length} {(parts.Length == 1 ? "rating" : "ratings")}");
        IReadOnlyList<TraceStepV1> steps = [new(what, amount, quantity)];
        return isOne ? new(steps, first.Rule, first.RuleVersion, first.Level) : new(steps);
    }
}
