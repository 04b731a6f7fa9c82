using System.Collections.Immutable;
using Billing.Contracts.Catalog;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;
using Billing.Pricing.Prices;

namespace Billing.Pricing.Rating;

/// <summary>
/// Everything that decides what the usage of one meter costs in one period of one subscription: what is in
/// force when. Made from the catalog; two states of the catalog that say the same give terms of the same id.
/// </summary>
/// <param name="Id">Derived from all the rest.</param>
/// <param name="Segments">In the order of time, without overlap; a gap is before a start or after an
/// end.</param>
/// <param name="Days">Of the whole period, on the wall calendar of the subscription's time zone.</param>
public sealed record Terms(
    Guid Id,
    TenantId Tenant,
    SubscriptionId? Subscription,
    MeterId Meter,
    Aggregation Aggregation,
    Currency Currency,
    BillingPeriod Period,
    int Days,
    ImmutableArray<Segment> Segments)
{
    /// <summary>What is charged at least, for each line of prices that has a minimum.</summary>
    public ImmutableArray<(string Line, Amount Amount)> Minimums { get; } =
        MinimumsOf(Segments, Days, Currency);

    /// <summary>−1 where nothing is in force at that moment.</summary>
    public int SegmentAt(DateTimeOffset moment)
    {
        for (var index = 0; index < Segments.Length; index++)
            if (Segments[index].From <= moment && moment < Segments[index].Until) return index;

        return -1;
    }

    // A minimum that holds for a part of the period counts for its share of the days, trials left out.
    private static ImmutableArray<(string, Amount)> MinimumsOf(
        ImmutableArray<Segment> segments, int days, Currency currency) =>
    [
        .. segments.Where(segment => !segment.IsTrial)
            .SelectMany(segment => segment.Prices.Select(price => (Price: price, segment.Days)))
            .Where(part => part.Price.Rule.MinimumCommitment is not null)
            .GroupBy(part => part.Price.Line, StringComparer.Ordinal)
            .OrderBy(line => line.Key, StringComparer.Ordinal)
            .Select(line => (line.Key, MinimumCommitment.ForDays(
                line.Select(part => (part.Price.Rule.MinimumCommitment!.Value, part.Days)), days, currency))),
    ];
}

/// <summary>A part of a period in which nothing changes.</summary>
/// <param name="Days">Whole days on the wall calendar; a day belongs to what begins on it.</param>
/// <param name="Included">Of the meter in the whole period, by the plan or as agreed with the
/// tenant.</param>
/// <param name="IsTrial">Usage costs nothing, uses up no allowance and moves no tier.</param>
/// <param name="Agreed">The version of that agreement; null: it is the plan's.</param>
/// <param name="Prices">Those that usage may have, the first that matches its dimensions counts.</param>
public sealed record Segment(
    DateTimeOffset From,
    DateTimeOffset Until,
    int Days,
    Quantity Included,
    bool IsTrial,
    OverageSource Source,
    ImmutableArray<PriceMatch> Prices,
    int? Agreed = null)
{
    /// <summary>What is included, in the words of the arithmetic.</summary>
    public string IncludedWord { get; } =
        Agreed is { } version ? $"included by agreement, version {version}" : "included";

    /// <summary>Whether usage of that scope is the source of what is charged here.</summary>
    public bool IsSource(UsageScope scope) =>
        scope == (Source == OverageSource.Reported ? UsageScope.OverLimit : UsageScope.Whole);

    public bool Charges(UsageScope scope) => !IsTrial && IsSource(scope);

    /// <summary>False: the usage is unpriced.</summary>
    public bool TryPrice(Properties? dimensions, out PriceMatch match)
    {
        foreach (var price in Prices)
        {
            if (!PriceLine.Matches(price.Rule.Where, dimensions)) continue;

            match = price;
            return true;
        }

        match = default;
        return false;
    }

    /// <summary>The price of a line of usage here; false where it has none.</summary>
    public bool TryLine(string line, out PriceMatch match)
    {
        foreach (var price in Prices)
        {
            if (!string.Equals(price.Line, line, StringComparison.Ordinal)) continue;

            match = price;
            return true;
        }

        match = default;
        return false;
    }
}
