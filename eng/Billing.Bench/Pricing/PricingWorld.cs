using System.Globalization;
using Billing.Contracts.Catalog;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Billing.Pricing.Prices;
using Billing.Pricing.Rating;

namespace Billing.Bench.Pricing;

/// <summary>
/// A catalog of some hundred prices, in which the price of the meter that is rated is found on the last of the
/// four levels, and quantities to rate. Numbers are such that the product has more decimals than an amount, so
/// that both sides have to round.
/// </summary>
internal sealed class PricingWorld
{
    public const int Count = 4_096; // a power of two
    public const decimal UnitPrice = 0.0000082345m;

    private static readonly Currency Usd = Currency.Of("USD");
    private static readonly MeterId Meter = MeterId.Of("api_calls");
    private static readonly PlanId Plan = PlanId.Of("starter");
    private static readonly TenantId Tenant = TenantId.Of("tenant-1");
    private static readonly SubscriptionId Subscription = SubscriptionId.Of("subscription-1");
    private static readonly DateTimeOffset Begin = At("2020-01-01T00:00:00Z");
    private static readonly DecisionV1 Decision = new Author("bench", "a measurement").At(Begin);
    private static readonly BillingPeriod March = new(At("2026-03-01T00:00:00Z"), At("2026-04-01T00:00:00Z"));

    /// <summary>Of the tiers: where each begins, and what a unit costs in it.</summary>
    public static readonly (decimal From, decimal Price)[] Tiers =
        [.. Enumerable.Range(0, 5).Select(tier => (tier * 1_000m, UnitPrice * (9 - tier)))];

    public PricingWorld()
    {
        var random = new Random(20260314);
        foreach (var place in Enumerable.Range(0, Count))
        {
            Plain[place] = random.Next(1, 1_000_000) / 1_000m;
            Quantities[place] = Quantity.From(Plain[place]);
            PlainHigh[place] = 4_000 + Plain[place];
            HighQuantities[place] = Quantity.From(PlainHigh[place]);
            Uses[place] = new(
                new("//bench", Text(place)), 0, Now, UsageScope.Whole, Quantities[place]);
        }

        Book = CatalogOf(PerUnit).Prices;
        Graduated = new([.. Tiers.Select(tier => new TierV1(Quantity.From(tier.From), Price(tier.Price)))]);
        Terms = TermsFor(CatalogOf(Graduated));
    }

    public static DateTimeOffset Now { get; } = At("2026-03-15T12:00:00Z");

    public decimal[] Plain { get; } = new decimal[Count];

    public Quantity[] Quantities { get; } = new Quantity[Count];

    /// <summary>Each reaches into the last tier.</summary>
    public decimal[] PlainHigh { get; } = new decimal[Count];

    public Quantity[] HighQuantities { get; } = new Quantity[Count];

    public Use[] Uses { get; } = new Use[Count];

    public PriceBook Book { get; }

    public PriceScope Scope { get; } = new(Tenant, Meter, Usd, Plan, "ZZ");

    public PriceModelV1.Graduated Graduated { get; }

    public Terms Terms { get; }

    private static PriceModelV1.PerUnit PerUnit { get; } = new(Price(UnitPrice));

    private static CatalogState CatalogOf(PriceModelV1 model) => CatalogState.Empty.Evolve(
    [
        new TenantSetV1(Tenant, "Bench", "FR", Decision),
        new MeterSetV1(Meter, "api.request", "call", Aggregation.Sum, [], Decision, "n"),
        new PlanPublishedV1(Plan, 1, "Starter", Begin, [], [], Decision),
        new SubscriptionSetV1(
            Subscription, Tenant, Plan, "FR", Usd, PeriodAnchor.CalendarMonth, "Etc/UTC", Begin, Decision),
        Rule("the-one", Meter, model),
        .. Enumerable.Range(0, 300).Select(Other),
    ]);

    // For other meters, and for this one in other plans and countries.
    private static PriceRulePublishedV1 Other(int number) =>
        Rule(
            $"other-{number}", number < 20 ? Meter : MeterId.Of($"meter-{number}"), PerUnit) with
        {
            Plan = number % 3 == 0 ? PlanId.Of($"plan-{number}") : number % 3 == 1 ? Plan : null,
            Country = number % 3 == 0 ? null : $"{(char)('A' + number % 26)}{(char)('A' + number / 26)}",
        };

    private static PriceRulePublishedV1 Rule(string name, MeterId meter, PriceModelV1 model) =>
        new(PriceRuleId.Of(name), 1, meter, Usd, model, Begin, Decision);

    private static Terms TermsFor(CatalogState catalog) => TermsOf.Subscription(
        catalog.Subscriptions[Subscription], catalog.Meters[Meter], March, catalog, _ => TimeSpan.Zero);

    private static UnitPrice Price(decimal price) => Contracts.Values.UnitPrice.From(price, Usd);

    private static DateTimeOffset At(string moment) => DateTimeOffset.Parse(moment, CultureInfo.InvariantCulture);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
