using System.Collections.Immutable;
using System.Globalization;
using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Pricing.Agreements;
using Billing.Pricing.Catalog;
using Billing.Pricing.Overage;
using Billing.Pricing.Prices;
using Billing.Pricing.Subscriptions;

namespace Billing.Pricing.Rating;

/// <summary>Reads the terms of a meter and period out of the catalog.</summary>
public static class TermsOf
{
    /// <summary>For usage of a subscription.</summary>
    /// <param name="zone">Of the subscription's time zone.</param>
    public static Terms Subscription(
        SubscriptionHistory subscription, MeterSetV1 meter, BillingPeriod period, CatalogState catalog,
        ZoneOffset zone)
    {
        var (tenant, currency) = (subscription.First.Tenant, subscription.First.Currency);
        var sources = catalog.OverageSources.GetValueOrDefault((tenant, meter.Meter), []);
        var segments = ImmutableArray.CreateBuilder<Segment>();
        var borders = Borders(subscription, meter.Meter, period, catalog, sources);
        foreach (var (from, until) in Spans(period, borders))
        {
            if (subscription.InForce(from) is not { } inForce) continue;

            var scope = new PriceScope(tenant, meter.Meter, currency, inForce.Plan, inForce.Country);
            var included = AgreedAllowances.InForce(tenant, meter.Meter, inForce.Plan, catalog, from);
            Append(segments, new(
                from, until, LocalDays.Between(from, until, zone), included.Quantity,
                inForce.TrialUntil > from, SetOverageSource.InForce(sources, from),
                catalog.Prices.InForce(scope, from), included.Version));
        }

        var days = LocalDays.In(period, zone);
        return Make(tenant, subscription.First.Subscription, meter, currency, period, days, segments);
    }

    /// <summary>
    /// For usage of a tenant without a subscription: calendar months of UTC, no plan, the tenant's country.
    /// </summary>
    public static Terms Tenant(
        TenantSetV1 tenant, MeterSetV1 meter, Currency currency, BillingPeriod period, CatalogState catalog)
    {
        var scope = new PriceScope(tenant.Tenant, meter.Meter, currency, null, tenant.Country);
        var sources = catalog.OverageSources.GetValueOrDefault((tenant.Tenant, meter.Meter), []);
        var borders = catalog.Prices.Borders(scope, period.Start, period.EndExclusive)
            .Concat(sources.Select(source => source.From))
            .Concat(AgreedAllowances.Borders(tenant.Tenant, meter.Meter, [], catalog));
        var segments = ImmutableArray.CreateBuilder<Segment>();
        foreach (var (from, until) in Spans(period, borders))
        {
            var included = AgreedAllowances.InForce(tenant.Tenant, meter.Meter, null, catalog, from);
            Append(segments, new(
                from, until, LocalDays.Between(from, until, Utc), included.Quantity, IsTrial: false,
                SetOverageSource.InForce(sources, from), catalog.Prices.InForce(scope, from),
                included.Version));
        }

        return Make(tenant.Tenant, null, meter, currency, period, LocalDays.In(period, Utc), segments);
    }

    private static TimeSpan Utc(DateTimeOffset moment) => TimeSpan.Zero;

    private static IEnumerable<DateTimeOffset> Borders(
        SubscriptionHistory subscription, MeterId meter, BillingPeriod period, CatalogState catalog,
        IEnumerable<OverageSourceSetV1> sources)
    {
        var (start, end) = (period.Start, period.EndExclusive);
        var places = subscription.Facts.Select(fact => (fact.Plan, fact.Country)).Distinct();
        var prices = places.SelectMany(place => catalog.Prices.Borders(
            new(subscription.First.Tenant, meter, subscription.First.Currency, place.Plan, place.Country),
            start, end));
        var plans = subscription.Facts.Select(fact => fact.Plan).Distinct().ToList();
        var versions = plans.SelectMany(plan => catalog.Plans.GetValueOrDefault(plan)?.Versions ?? [])
            .Select(version => version.From);
        return subscription.Borders(start, end).Concat(prices).Concat(versions)
            .Concat(AgreedAllowances.Borders(subscription.First.Tenant, meter, plans, catalog))
            .Concat(sources.Select(source => source.From));
    }

    private static IEnumerable<(DateTimeOffset From, DateTimeOffset Until)> Spans(
        BillingPeriod period, IEnumerable<DateTimeOffset> borders)
    {
        DateTimeOffset[] all =
        [
            period.Start,
            .. borders.Where(border => border > period.Start && border < period.EndExclusive)
                .Distinct().Order(),
            period.EndExclusive,
        ];
        return all.Zip(all.Skip(1));
    }

    // A border at which nothing changes for this meter is none; an agreement that says the same is nothing.
    private static void Append(ImmutableArray<Segment>.Builder segments, Segment next)
    {
        if (segments is [.., var last] && last.Until == next.From && IsSame(last, next))
            segments[^1] = last with { Until = next.Until, Days = last.Days + next.Days };
        else segments.Add(next);
    }

    private static bool IsSame(Segment one, Segment other) =>
        one.Included == other.Included && one.IsTrial == other.IsTrial && one.Source == other.Source
        && one.Prices.SequenceEqual(other.Prices);

    private static Terms Make(
        TenantId tenant, SubscriptionId? subscription, MeterSetV1 meter, Currency currency,
        BillingPeriod period, int days, ImmutableArray<Segment>.Builder segments) => new(
            DerivedId.From("terms",
                [meter.Aggregation.ToString(), .. segments.SelectMany(Spell), Number(days)]),
            tenant, subscription, meter.Meter, meter.Aggregation, currency, period, days,
            segments.ToImmutable());

    private static IEnumerable<string> Spell(Segment segment) =>
    [
        Number(segment.From.UtcTicks), Number(segment.Until.UtcTicks), Number(segment.Days),
        segment.Included.ToString(), segment.IsTrial.ToString(), segment.Source.ToString(),
        .. segment.Prices.Select(price => $"{price.Rule.Rule} {price.Rule.Version} {price.Level}"),
    ];

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
