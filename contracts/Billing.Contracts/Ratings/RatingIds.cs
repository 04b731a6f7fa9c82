using System.Globalization;
using Billing.Contracts.Values;

namespace Billing.Contracts.Ratings;

/// <summary>
/// The ids of ratings, which are also those of the charges that they become: kind and key, hashed. So a
/// charge is found by what caused it, at once, before any projection has run.
/// </summary>
public static class RatingIds
{
    public static FactId Use(EventId usage, int revision, MeterId meter) =>
        Of("use", usage.Source, usage.Id, Number(revision), Text.Spell(meter));

    public static FactId Cancel(EventId usage, int revision, MeterId meter) =>
        Of("cancel", usage.Source, usage.Id, Number(revision), Text.Spell(meter));

    public static FactId Fee(SubscriptionId subscription, BillingPeriod period) =>
        Of("fee", Text.Spell(subscription), Start(period));

    /// <summary>A period may have several changes, so the days that one is about belong to its key.</summary>
    /// <param name="before">How many prorations of the same days there were before.</param>
    public static FactId Proration(
        SubscriptionId subscription, BillingPeriod period, BillingPeriod covered, int before = 0) =>
        before == 0
            ? Of("proration", Text.Spell(subscription), Start(period), Start(covered), End(covered))
            : Of("proration", Text.Spell(subscription), Start(period), Start(covered), End(covered),
                Number(before));

    public static FactId TrueUp(SubscriptionId subscription, BillingPeriod period) =>
        Of("true-up", Text.Spell(subscription), Start(period));

    /// <summary>The answer to one close; of usage without a subscription where there is none.</summary>
    public static FactId Answer(
        TenantId tenant, SubscriptionId? subscription, Currency currency, BillingPeriod period,
        int closeNumber) =>
        Of("answer", Text.Spell(tenant), subscription is { } known ? Text.Spell(known) : "",
            Text.Spell(currency), Start(period), Number(closeNumber));

    /// <param name="change">The fact of the catalog that made the difference.</param>
    public static FactId Change(
        FactId change, SubscriptionId subscription, MeterId meter, BillingPeriod period) =>
        Of("change", Text.Spell(change), Text.Spell(subscription), Text.Spell(meter), Start(period));

    /// <summary>The same for usage of a tenant without a subscription.</summary>
    public static FactId Change(FactId change, TenantId tenant, MeterId meter, BillingPeriod period) =>
        Of("change-alone", Text.Spell(change), Text.Spell(tenant), Text.Spell(meter), Start(period));

    /// <param name="first">The first of the ratings that are merged.</param>
    public static FactId Merged(TenantId tenant, MeterId meter, BillingPeriod window, FactId first) =>
        Of("merged", Text.Spell(tenant), Text.Spell(meter), Start(window), End(window), Text.Spell(first));

    private static FactId Of(string kind, params ReadOnlySpan<string> key) => new(DerivedId.From(kind, key));

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Start(BillingPeriod period) => Moment(period.Start);

    private static string End(BillingPeriod period) => Moment(period.EndExclusive);

    private static string Moment(DateTimeOffset moment) =>
        moment.UtcDateTime.ToString(MomentJson.Format, CultureInfo.InvariantCulture);
}
