using System.Globalization;
using System.Text;
using Billing.Bench.Ledger;
using Billing.Contracts.Catalog;
using Billing.Contracts.Ratings;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;
using Confluent.Kafka;

namespace Billing.Bench.EndToEnd;

/// <summary>
/// Usage as a platform sends it, and the catalog that it is priced by: tenants by Zipf, each with a subscription
/// in one of three currencies, one meter in two tiers. What every tenant has to pay is counted here, by decimals
/// and without any code of the product.
/// </summary>
internal sealed class UsageLoad
{
    public static readonly MeterId Meter = MeterId.Of("storage");

    private const decimal FirstTierEnds = 1_000_000m, FirstPrice = 0.000000082345m, SecondPrice = 0.000000041m;

    private static readonly string[] Currencies = ["USD", "EUR", "XOF"];
    private static readonly PlanId Plan = PlanId.Of("standard");
    private static readonly DateTimeOffset Begin = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DecisionV1 Decision = new("bench", Begin, "A measurement");

    private readonly Random _random = new(20260314);
    private readonly ZipfTenants _tenants = new(Load.Tenants);
    private readonly decimal[] _units = new decimal[Load.Tenants];
    private readonly Headers _headers = new() { { "content-type", "application/cloudevents+json"u8.ToArray() } };

    private readonly DateTimeOffset _usedAt = DateTimeOffset.UtcNow.AddMinutes(-1);
    private readonly string _time = DateTimeOffset.UtcNow.AddMinutes(-1)
        .ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public long Sent { get; private set; }

    /// <summary>What the charges of each tenant come to, in its currency.</summary>
    public Dictionary<string, decimal> Owed => Enumerable.Range(0, Load.Tenants)
        .Where(tenant => _units[tenant] > 0)
        .ToDictionary(Load.Tenant, tenant => Price(_units[tenant]), StringComparer.Ordinal);

    /// <summary>Everything of the catalog, in an order in which it makes sense.</summary>
    public static IEnumerable<(string Key, string? Tenant, object Fact)> Catalog()
    {
        yield return (Text.Spell(Meter), null, new MeterSetV1(
            Meter, "storage", "byte", Aggregation.Sum, [], Decision, "bytes"));
        yield return (Text.Spell(Plan), null, new PlanPublishedV1(Plan, 1, "Standard", Begin, [], [], Decision));
        foreach (var code in Currencies)
        {
            var currency = Currency.Of(code);
            yield return ($"storage-{code}", null, new PriceRulePublishedV1(
                PriceRuleId.Of($"storage-{code}"), 1, Meter, currency, new PriceModelV1.Graduated(
                [
                    new(Quantity.Zero, UnitPrice.From(FirstPrice, currency)),
                    new(Quantity.From(FirstTierEnds), UnitPrice.From(SecondPrice, currency)),
                ]), Begin, Decision));
        }

        for (var tenant = 0; tenant < Load.Tenants; tenant++)
        {
            var (name, id) = (Load.Tenant(tenant), TenantId.Of(Load.Tenant(tenant)));
            var subscription = SubscriptionId.Of($"subscription-of-{name}");
            yield return (name, name, new TenantSetV1(id, name, "FR", Decision));
            yield return (Text.Spell(subscription), name, new SubscriptionSetV1(
                subscription, id, Plan, "FR", Currency.Of(Currencies[tenant % Currencies.Length]),
                PeriodAnchor.CalendarMonth, "Etc/UTC", Begin, Decision));
        }
    }

    /// <returns>The message, and the ids of the usage and of the charge that it has to become.</returns>
    public (Message<Null, byte[]> Message, Guid Usage, Guid Charge) Next()
    {
        var tenant = _tenants.Next(_random);
        var bytes = _random.Next(1, 100_000);
        _units[tenant] += bytes;
        var source = Load.Sources[_random.Next(Load.Sources.Length)];
        var id = string.Create(CultureInfo.InvariantCulture, $"e-{Sent++}");
        var body = $$$"""{"specversion":"1.0","id":"{{{id}}}","source":"{{{source}}}","type":"storage","subject":"""
            + $$$""" "{{{Load.Tenant(tenant)}}}","time":"{{{_time}}}","datacontenttype":"application/json","data":"""
            + string.Create(CultureInfo.InvariantCulture, $$$"""{"bytes":{{{bytes}}},"region":"eu-west-1"}}""");
        return (
            new() { Value = Encoding.UTF8.GetBytes(body), Headers = _headers },
            UsageIds.Accepted(new EventId(source, id), 0).Value,
            RatingIds.Use(new EventId(source, id), 0, Meter).Value);
    }

    /// <summary>The same as Ingestion passes it on.</summary>
    public UsageAcceptedV1 NextAccepted()
    {
        var tenant = _tenants.Next(_random);
        var bytes = _random.Next(1, 100_000);
        _units[tenant] += bytes;
        var id = string.Create(CultureInfo.InvariantCulture, $"e-{Sent++}");
        return new(
            TenantId.Of(Load.Tenant(tenant)), new(Load.Sources[_random.Next(Load.Sources.Length)], id), 0, "storage",
            _usedAt, _usedAt.AddSeconds(1), UsageScope.Whole,
            new([new("bytes", Text.Spell(Quantity.From(bytes))), new("region", "eu-west-1")]),
            [new(Meter, Quantity.From(bytes))], 1);
    }

    /// <summary>Also what the way with one transaction for each event reckons by.</summary>
    public static decimal Price(decimal units) =>
        Math.Min(units, FirstTierEnds) * FirstPrice + Math.Max(0, units - FirstTierEnds) * SecondPrice;
}
