using System.Diagnostics;
using Billing.Contracts.Catalog;
using Billing.Contracts.Values;
using Billing.ServiceDefaults.UsagePath;
using Billing.Testbed;
using static Billing.Pricing.Tests.Rating.Given;
using static Billing.Pricing.Tests.Taking.RatingBench;

namespace Billing.Pricing.Tests.Taking;

/// <summary>What an event costs this process on its way from a fact of usage to a numbered rating. Printed.</summary>
[NonParallelizable]
public sealed class TakeUsageBenchmark
{
    private const int Tenants = 500, BatchSize = 2_500;

    private static int Batches => TestSize.Of(2, 40);

    [Test]
    public async Task usage_to_ratings()
    {
        await using var bench = await RatingBench.Create();
        await bench.Change(
        [
            MeterSet(), PlanVersion(100), Rule(PerUnit("0.003 USD")),
            .. Enumerable.Range(0, Tenants).SelectMany(number => new object[]
            {
                new TenantSetV1(TenantId.Of($"tenant-{number}"), "A tenant", "US", Decision),
                Subscribed() with
                {
                    Tenant = TenantId.Of($"tenant-{number}"), Subscription = SubscriptionId.Of($"s-{number}"),
                },
            }),
        ]);
        var batches = Enumerable.Range(0, Batches + 1).Select(batch => Enumerable.Range(0, BatchSize)
            .Select(number => bench.Numbered(Use(
                $"{batch}-{number}", 1 + number % 7, tenant: $"tenant-{number * 7 % Tenants}",
                properties: new([new("n", "5"), new("region", "eu-central-1")])))).ToList()).ToList();

        await Take(bench, batches[0]);
        using var process = Process.GetCurrentProcess();
        var (watch, before) = (Stopwatch.StartNew(), process.TotalProcessorTime);
        foreach (var batch in batches.Skip(1)) await Take(bench, batch);
        process.Refresh();

        var events = Batches * BatchSize;
        TestContext.Out.WriteLine(
            $"{events} events: {watch.Elapsed.TotalMicroseconds / events:0.0} us each, of them "
            + $"{(process.TotalProcessorTime - before).TotalMicroseconds / events:0.0} us of this process's CPU");
        (await bench.Ask<long>("select count(*) from uses where state = 0")).ShouldBe(events + BatchSize);
    }

    private static async Task Take(RatingBench bench, List<Fact> facts)
    {
        await using var transaction = await bench.Transactions.Begin(default);
        await new Pricing.Rating.Taking.TakeUsage(bench.Desk).Apply(new(facts, transaction, Now), default);
        await transaction.Commit(default);
    }
}
