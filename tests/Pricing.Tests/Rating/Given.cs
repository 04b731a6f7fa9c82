using System.Globalization;
using Billing.Contracts.Catalog;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.Pricing.Rating;
using NodaTime;

namespace Billing.Pricing.Tests.Rating;

/// <summary>Short words for tests: one tenant in France, one plan, the month of March 2026.</summary>
internal static class Given
{
    public static readonly Author Ada = new("ada@billing", "Contract of March");
    public static readonly DecisionV1 Decision = Ada.At(At("2026-01-01T00:00:00Z"));
    public static readonly TenantId Tenant = TenantId.Of("t1");
    public static readonly SubscriptionId Sub = SubscriptionId.Of("s1");
    public static readonly PlanId Plan = PlanId.Of("starter");
    public static readonly MeterId Meter = MeterId.Of("api_calls");
    public static readonly BillingPeriod March = new(At("2026-03-01T00:00:00Z"), At("2026-04-01T00:00:00Z"));
    public static readonly DateTimeOffset Now = At("2026-03-15T12:00:00Z");

    public static DateTimeOffset At(string moment) => DateTimeOffset.Parse(moment, CultureInfo.InvariantCulture);

    public static Amount Money(string amount) => Text.Read<Amount>(amount);

    public static UnitPrice Price(string price) => Text.Read<UnitPrice>(price);

    public static Quantity Units(decimal units) => Quantity.From(units);

    public static ZoneOffset? Zone(string name) => DateTimeZoneProviders.Tzdb.GetZoneOrNull(name) is { } zone
        ? moment => zone.GetUtcOffset(Instant.FromDateTimeOffset(moment)).ToTimeSpan()
        : null;

    public static MeterSetV1 MeterSet(Aggregation aggregation = Aggregation.Sum, params string[] dimensions) => new(
        Meter, "api.request", "call", aggregation, dimensions, Decision, aggregation == Aggregation.Count ? null : "n");

    public static PlanPublishedV1 PlanVersion(decimal included = 0, params string[] fees) => new(
        Plan, 1, "Starter", At("2020-01-01T00:00:00Z"), [.. fees.Select(Money)], [new(Meter, Units(included))], Decision);

    public static SubscriptionSetV1 Subscribed(string from = "2026-01-01T00:00:00Z", string currency = "USD") => new(
        Sub, Tenant, Plan, "FR", Currency.Of(currency), PeriodAnchor.CalendarMonth, "Etc/UTC", At(from), Decision);

    public static PriceRulePublishedV1 Rule(PriceModelV1 model, string name = "r1", string currency = "USD") => new(
        PriceRuleId.Of(name), 1, Meter, Currency.Of(currency), model, At("2020-01-01T00:00:00Z"), Decision);

    public static PriceModelV1.PerUnit PerUnit(string price) => new(Price(price));

    public static CatalogState CatalogOf(params object[] facts) => CatalogState.Empty
        .Evolve(new TenantSetV1(Tenant, "Société Exemple", "FR", Decision)).Evolve(facts);

    public static Terms TermsFor(CatalogState catalog, BillingPeriod? period = null) => TermsOf.Subscription(
        catalog.Subscriptions[Sub], catalog.Meters[Meter], period ?? March, catalog,
        Zone(catalog.Subscriptions[Sub].First.TimeZone)!);

    public static Use Used(
        string id, decimal quantity, string at = "2026-03-10T00:00:00Z", UsageScope scope = UsageScope.Whole,
        string? distinct = null, Properties? dimensions = null) =>
        new(new("//test", id), 0, At(at), scope, Units(quantity), distinct, dimensions);
}
