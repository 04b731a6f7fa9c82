using System.Text;
using Billing.Contracts;
using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.Testbed;
using Confluent.Kafka;
using static Billing.Pricing.Tests.Rating.Given;
using static Billing.Pricing.Tests.Taking.RatingBench;

namespace Billing.Pricing.Tests.Taking;

/// <summary>The whole service in a process of its own, between a broker and a database, killed in its work.</summary>
public sealed class WholeTests
{
    private const int Tenants = 20;

    private static readonly TimeSpan Long = TimeSpan.FromMinutes(3);

    private RatingBench bench = null!;
    private EmbeddedBroker broker = null!;
    private UsageTopic usage = null!;
    private PricingProcess pricing = null!;

    private static int Size => TestSize.Of(4_500, 60_000);

    private static int Kills => TestSize.Of(2, 12);

    [SetUp]
    public async Task Start()
    {
        (bench, broker) = (await RatingBench.Create(), await Brokers.StartEmbedded());
        usage = new(broker.BootstrapServers);
        pricing = new(bench.Test, broker.BootstrapServers);
        await bench.Change(
        [
            MeterSet(), PlanVersion(1_000),
            Rule(new PriceModelV1.Graduated([new(Quantity.Zero, Price("0.03 USD")), new(Units(5_000), Price("0.01 USD"))])),
            .. Enumerable.Range(0, Tenants).SelectMany(number => new object[]
            {
                new TenantSetV1(Id(number), $"Tenant {number}", "US", Decision),
                Subscribed() with { Tenant = Id(number), Subscription = SubscriptionId.Of($"s-{number}") },
            }),
        ]);
    }

    [TearDown]
    public async Task Stop()
    {
        await pricing.DisposeAsync();
        usage.Dispose();
        await broker.DisposeAsync();
        await bench.DisposeAsync();
    }

    [Test, CancelAfter(600_000)]
    public async Task killed_again_and_again_it_rates_each_use_once_and_exactly()
    {
        var random = new Random(1);
        var units = new long[Tenants];
        var (uses, cancels) = (0, 0);
        pricing.Start();
        for (var part = 0; part <= Kills; part++)
        {
            var facts = new List<object>();
            for (var number = 0; number < Size / (Kills + 1); number++)
            {
                var (tenant, quantity) = (random.Next(Tenants), random.Next(1, 60));
                facts.Add(Use($"{++uses}", quantity, tenant: $"tenant-{tenant}"));
                if (random.Next(20) == 0)
                {
                    facts.Add(Cancel($"{uses}", tenant: $"tenant-{tenant}"));
                    cancels++;
                }
                else units[tenant] += quantity;
            }

            usage.Send(facts.Select(bench.Numbered));
            if (part == Kills) break;

            // In the middle of its work: something of this part is in, the rest is not.
            var enough = (uses + cancels) - facts.Count * 2 / 3;
            await Eventually.Is(async () => await Told() >= enough, Long, $"{enough} rated: {pricing.Said}");
            await pricing.KillAndStartAgain();
        }

        await Eventually.Is(
            async () => await Told() >= uses + cancels, Long, $"{uses + cancels} rated: {pricing.Said}");

        (await Told()).ShouldBe(uses + cancels);
        (await bench.Ask<long>($"select count(distinct fact_id) from sent_facts where {IsRating}")).ShouldBe(uses + cancels);
        (await bench.Ask<long>("select count(*) from uses where state = 0")).ShouldBe(uses - cancels);
        for (var tenant = 0; tenant < Tenants; tenant++)
            (await bench.Ask<decimal>($"select total from tallies where tenant_id = 'tenant-{tenant}'"))
                .ShouldBe(Graduated(units[tenant] - 1_000), $"tenant {tenant}, {units[tenant]} units");
        (await bench.Amounts()).Aggregate(Amount.Zero(Currency.Of("USD")), (sum, amount) => sum + amount).ToDecimal()
            .ShouldBe(units.Sum(all => Graduated(all - 1_000)));
        usage.Tide(Now);
        await Eventually.Is(
            async () => await bench.Ask<long>(
                $"select count(*) from read_lanes where topic = '{Topics.Usage}' and read_up_to = '{Now:O}'") == Lanes.Count,
            what: "every lane is read up to the moment of the tide");
        Published(uses + cancels).ShouldBe(uses + cancels);
    }

    private static decimal Graduated(long billable) =>
        0.03m * Math.Clamp(billable, 0, 5_000) + 0.01m * Math.Max(0, billable - 5_000);

    private static TenantId Id(int number) => TenantId.Of($"tenant-{number}");

    private const string IsRating = $"topic = '{Topics.Ratings}'";

    private Task<long> Told() => bench.Ask<long>($"select count(*) from sent_facts where {IsRating}");

    /// <summary>Distinct ratings that a reader of the topic finds.</summary>
    private int Published(int expected)
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig
        {
            BootstrapServers = broker.BootstrapServers,
            GroupId = "test",
            AutoOffsetReset = AutoOffsetReset.Earliest,
        }).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        consumer.Assign(Enumerable.Range(0, Topics.Partitions)
            .Select(partition => new TopicPartitionOffset(Topics.Ratings, partition, Offset.Beginning)));
        var seen = new HashSet<string>();
        var until = DateTime.UtcNow + Long;
        while (seen.Count < expected && DateTime.UtcNow < until)
            if (consumer.Consume(TimeSpan.FromMilliseconds(200)) is { } message
                && message.Message.Headers.TryGetLastBytes(FactHeaders.FactId, out var id))
                seen.Add(Encoding.ASCII.GetString(id));
        return seen.Count;
    }
}
