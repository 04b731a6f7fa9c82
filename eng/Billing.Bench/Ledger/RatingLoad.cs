using System.Globalization;
using Billing.Contracts;
using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Npgsql;

namespace Billing.Bench.Ledger;

/// <summary>
/// Ratings as Pricing writes them: tenants by Zipf, each with a subscription in one of three currencies, two
/// meters, two tiers, the running totals in the trace. What they come to is counted here by itself.
/// </summary>
internal sealed class RatingLoad
{
    private static readonly Currency[] Currencies = [Currency.Of("USD"), Currency.Of("EUR"), Currency.Of("XOF")];
    private static readonly MeterId[] Meters = [MeterId.Of("api_calls"), MeterId.Of("storage")];
    private static readonly string[] Sources = ["//platform/gateway", "//platform/files", "//platform/jobs"];

    private readonly Random _random = new(20260314);
    private readonly ZipfTenants _tenants = new(Load.Tenants);
    private readonly DateTimeOffset _now = DateTimeOffset.UtcNow;
    private readonly Dictionary<(int Tenant, int Meter), Amount> _totals = [];
    private readonly Dictionary<Currency, Amount> _sums = [];
    private long _number;

    /// <summary>What everything written so far comes to.</summary>
    public IReadOnlyDictionary<Currency, Amount> Sums => _sums;

    /// <summary>As the catalog would bring the subscriptions.</summary>
    public static async Task Subscribe(NpgsqlDataSource data, CancellationToken cancellation)
    {
        await using var seed = data.CreateCommand(
            """
            insert into ledger_subscriptions (subscription_id, tenant_id, currency, anchor, time_zone, number)
            select * from unnest($1, $2, $3, $4, $5, $6)
            """);
        var tenants = Enumerable.Range(0, Load.Tenants).ToList();
        seed.Parameters.Add(new() { Value = tenants.Select(one => Text.Spell(SubscriptionOf(one))).ToArray() });
        seed.Parameters.Add(new() { Value = tenants.Select(Load.Tenant).ToArray() });
        seed.Parameters.Add(new() { Value = tenants.Select(one => Text.Spell(CurrencyOf(one))).ToArray() });
        seed.Parameters.Add(new() { Value = tenants.Select(_ => PeriodAnchor.CalendarMonth.Day).ToArray() });
        seed.Parameters.Add(new() { Value = tenants.Select(_ => "Etc/UTC").ToArray() });
        seed.Parameters.Add(new() { Value = tenants.Select(one => one + 1L).ToArray() });
        await seed.ExecuteNonQueryAsync(cancellation);
    }

    public void Write(FactFeed feed)
    {
        var (tenant, meter) = (_tenants.Next(_random), _random.Next(Meters.Length));
        var id = TenantId.Of(Load.Tenant(tenant));
        var currency = CurrencyOf(tenant);
        var usage = new EventId(
            Sources[_random.Next(Sources.Length)], string.Create(CultureInfo.InvariantCulture, $"use-{_number++:x8}"));
        var units = Quantity.From(_random.Next(1, 1_000_000) / 1_000m);
        var price = UnitPrice.From(0.0000082345m * (1 + meter), currency);
        var amount = (units * price).ToAmount();
        var before = _totals.GetValueOrDefault((tenant, meter), Amount.Zero(currency));
        var after = _totals[(tenant, meter)] = before + amount;
        _sums[currency] = _sums.GetValueOrDefault(currency, Amount.Zero(currency)) + amount;

        // Not older than a minute: the whole load lies in one period, but for the first minute of a month.
        var usedAt = _now.AddMilliseconds(-_random.Next(60_000));
        usedAt = usedAt.AddTicks(-(usedAt.Ticks % TimeSpan.TicksPerMicrosecond));
        feed.Send(
            Lanes.Of(id), RatingIds.Use(usage, 0, Meters[meter]), Load.Tenant(tenant), new UseRatedV1(
                id, usage, 0, Meters[meter], Periods.CalendarMonth(usedAt), usedAt, units, amount,
                new(
                    [new("included", Amount.Zero(currency), Quantity.One), new("tier 1", after, units, price)],
                    PriceRuleId.Of($"standard-{Meters[meter]}"), 1, PriceLevel.PlanMeter, before, after),
                SubscriptionOf(tenant)));
    }

    private static SubscriptionId SubscriptionOf(int tenant) =>
        SubscriptionId.Of(string.Create(CultureInfo.InvariantCulture, $"subscription-{tenant:0000}"));

    private static Currency CurrencyOf(int tenant) => Currencies[tenant % Currencies.Length];
}

/// <summary>A few tenants have most of the use.</summary>
internal sealed class ZipfTenants
{
    private readonly double[] _shares;

    public ZipfTenants(int tenants)
    {
        _shares = new double[tenants];
        var sum = 0.0;
        for (var rank = 0; rank < tenants; rank++) _shares[rank] = sum += 1.0 / (rank + 1);
        for (var rank = 0; rank < tenants; rank++) _shares[rank] /= sum;
    }

    public int Next(Random random)
    {
        var place = Array.BinarySearch(_shares, random.NextDouble());
        return Math.Min(place < 0 ? ~place : place, _shares.Length - 1);
    }
}
