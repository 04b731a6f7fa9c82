using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.Pricing.Rating;

namespace Billing.Pricing.Subscriptions;

/// <summary>
/// The base fees of a period: each plan's for the days on which it is in force, a trial free. One sum and one
/// division, ending at 12 decimals, half-even.
/// </summary>
public static class BaseFee
{
    /// <summary>Days of a period under one plan.</summary>
    /// <param name="Fee">For a whole period.</param>
    public sealed record Part(DateTimeOffset From, DateTimeOffset Until, PlanId Plan, Amount Fee, int Days);

    /// <summary>Empty where the subscription is not in force in the period.</summary>
    public static IReadOnlyList<Part> Parts(
        SubscriptionHistory subscription, BillingPeriod period, CatalogState catalog, ZoneOffset zone)
    {
        var parts = new List<Part>();
        var (plan, since) = (default(PlanId), period.Start);
        DateTimeOffset[] borders =
        [
            period.Start,
            .. subscription.Borders(period.Start, period.EndExclusive).Distinct().Order(),
            period.EndExclusive,
        ];
        foreach (var (from, until) in borders.Zip(borders.Skip(1)))
        {
            if (subscription.InForce(from) is not { } inForce) continue;

            // A new version of a plan changes its fee with the next period, or with the next change of plan.
            if (inForce.Plan != plan) (plan, since) = (inForce.Plan, from);
            var fee = inForce.TrialUntil > from
                ? Amount.Zero(inForce.Currency)
                : FeeOf(catalog, plan, inForce.Currency, since);
            Append(parts, new(from, until, plan, fee, LocalDays.Between(from, until, zone)));
        }

        return parts;
    }

    public static Amount Total(IReadOnlyList<Part> parts, int ofDays, Currency currency) =>
        DayShares.Sum(parts.Select(part => (part.Fee, part.Days)), ofDays, currency);

    /// <summary>The lines of the arithmetic; they add up to the total.</summary>
    public static IEnumerable<TraceStepV1> Steps(
        IReadOnlyList<Part> parts, int ofDays, Currency currency, bool isTakenBack = false)
    {
        var rest = Total(parts, ofDays, currency);
        foreach (var part in parts)
        {
            var share = part.Fee.Prorate(part.Days, ofDays);
            rest -= share;
            yield return new(
                $"{part.Plan}, {part.Days} of {ofDays} days", isTakenBack ? -share : share,
                Quantity.From(part.Days), IsRounded: (part.Fee.Trillionths * part.Days) % ofDays != 0);
        }

        if (!rest.IsZero) yield return new("rounding", isTakenBack ? -rest : rest, IsRounded: true);
    }

    private static Amount FeeOf(CatalogState catalog, PlanId plan, Currency currency, DateTimeOffset at)
    {
        foreach (var fee in catalog.Plans.GetValueOrDefault(plan)?.InForce(at)?.BaseFees ?? [])
            if (fee.Currency == currency) return fee;

        return Amount.Zero(currency);
    }

    private static void Append(List<Part> parts, Part next)
    {
        if (parts is [.., var last] && last.Until == next.From && last.Plan == next.Plan
            && last.Fee == next.Fee)
            parts[^1] = last with { Until = next.Until, Days = last.Days + next.Days };
        else parts.Add(next);
    }
}
