using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.Pricing.Agreements;
using Billing.Pricing.Catalog;
using Billing.Pricing.Rating;

namespace Billing.Pricing.Subscriptions;

/// <summary>
/// The base fees of a period: each plan's, or what was agreed with the tenant instead, for the days on which
/// it is in force, a trial free. One sum and one division, ending at 12 decimals, half-even.
/// </summary>
public static class BaseFee
{
    /// <summary>Days of a period under one plan.</summary>
    /// <param name="Fee">For a whole period.</param>
    /// <param name="Agreed">The version of the agreement with the tenant; null: it is the plan's.</param>
    public sealed record Part(
        DateTimeOffset From, DateTimeOffset Until, PlanId Plan, Amount Fee, int Days, int? Agreed = null)
    {
        public bool HasSameFee(Part other) => Plan == other.Plan && Fee == other.Fee;
    }

    /// <summary>Empty where the subscription is not in force in the period.</summary>
    public static IReadOnlyList<Part> Parts(
        SubscriptionHistory subscription, BillingPeriod period, CatalogState catalog, ZoneOffset zone)
    {
        var parts = new List<Part>();
        var (plan, since) = (default(PlanId), period.Start);
        DateTimeOffset[] borders =
        [
            period.Start,
            .. Borders(subscription, period, catalog).Distinct().Order(),
            period.EndExclusive,
        ];
        foreach (var (from, until) in borders.Zip(borders.Skip(1)))
        {
            if (subscription.InForce(from) is not { } inForce) continue;

            // A new version of a plan changes its fee with the next period, or with the next change of plan.
            if (inForce.Plan != plan) (plan, since) = (inForce.Plan, from);
            var isTrial = inForce.TrialUntil > from;
            var agreed = isTrial
                ? null
                : AgreedFees.InForce(inForce.Tenant, plan, inForce.Currency, catalog, from);
            var fee = isTrial
                ? Amount.Zero(inForce.Currency)
                : agreed?.Fee ?? FeeOf(catalog, plan, inForce.Currency, since);
            Append(parts, new(
                from, until, plan, fee, LocalDays.Between(from, until, zone), agreed?.Version));
        }

        return parts;
    }

    // An agreement counts from its own moment on, as a change of the subscription does.
    private static IEnumerable<DateTimeOffset> Borders(
        SubscriptionHistory subscription, BillingPeriod period, CatalogState catalog) =>
        AgreedFees.Borders(
                subscription.First.Tenant, subscription.First.Currency,
                subscription.Facts.Select(fact => fact.Plan).Distinct(), catalog)
            .Where(border => period.Start < border && border < period.EndExclusive)
            .Concat(subscription.Borders(period.Start, period.EndExclusive));

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
            var word = part.Agreed is { } version ? $" by agreement, version {version}" : "";
            yield return new(
                $"{part.Plan}{word}, {part.Days} of {ofDays} days", isTakenBack ? -share : share,
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
        if (parts is [.., var last] && last.Until == next.From && last.HasSameFee(next))
            parts[^1] = last with { Until = next.Until, Days = last.Days + next.Days };
        else parts.Add(next);
    }
}
