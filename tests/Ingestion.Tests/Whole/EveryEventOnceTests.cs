using Billing.Contracts;
using Billing.Testbed;
using Confluent.Kafka;

namespace Billing.Ingestion.Tests.Whole;

/// <summary>
/// The whole service as a process of its own, with whoever stands in Pricing's place behind it, while
/// everything around it fails.
/// </summary>
[TestFixtureSource(typeof(Brokers), nameof(Brokers.All))]
[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class EveryEventOnceTests(BrokerKind kind)
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(4);

    private static int Size => TestSize.Full ? 100_000 : 6_000;

    private static int Kills => TestSize.Full ? 10 : 2;

    private static int Changes => TestSize.Full ? 10 : 3;

    private EmbeddedBroker? embedded;
    private RealBroker? real;
    private Installed ingestion = null!;
    private Installed reader = null!;

    private string Broker => real?.BootstrapServers ?? embedded!.BootstrapServers;

    [SetUp]
    public async Task Start()
    {
        if (kind == BrokerKind.Real) real = await Brokers.StartOwnReal();
        else embedded = await Brokers.StartEmbedded();
        ingestion = await Installed.On(Broker, "services/Ingestion", Resources.Ingestion);
        reader = await Installed.On(Broker, "tests/PathHost", Resources.Pricing);
        Traffic.SendCatalog(Broker, Now);
    }

    [TearDown]
    public async Task Stop()
    {
        await ingestion.DisposeAsync();
        await reader.DisposeAsync();
        if (embedded is not null) await embedded.DisposeAsync();
        if (real is not null) await real.DisposeAsync();
        (embedded, real) = (null, null);
    }

    [Test, CancelAfter(600_000)]
    public async Task kill_after_kill_every_event_is_accepted_once()
    {
        var traffic = new Traffic(Size, seed: 1, Now);
        await using var pricing = reader.Start();
        var process = ingestion.Start();
        try
        {
            for (var kill = 1; kill <= Kills; kill++)
            {
                traffic.Send(Broker, Part(traffic, kill - 1, Kills), Part(traffic, kill, Kills));
                // In the middle of its work: something of this part is in, the rest is not.
                var enough = Part(traffic, kill - 1, Kills) + Part(traffic, 1, Kills) / 3;
                await Eventually.Is(async () => await Received() >= enough, Long, $"{enough} received: {process.Said}");
                await process.Kill();
                await process.DisposeAsync();
                if (real is not null && kill % (TestSize.Full ? 3 : Kills) == 0)
                {
                    await real.Kill();
                    await real.StartAgain();
                }

                process = ingestion.Start();
            }

            traffic.Send(Broker, Part(traffic, Kills, Kills), traffic.Count);
            await Everything(traffic, process);
        }
        finally
        {
            await process.DisposeAsync();
        }
    }

    [Test, CancelAfter(600_000)]
    public async Task instances_that_join_and_leave_lose_and_double_nothing()
    {
        var traffic = new Traffic(Size, seed: 2, Now);
        await using var pricing = reader.Start();
        var running = new List<RunningProgram> { ingestion.Start() };
        try
        {
            for (var change = 0; change < Changes; change++)
            {
                traffic.Send(Broker, Part(traffic, change, Changes), Part(traffic, change + 1, Changes));
                if (change % 2 == 0) running.Add(ingestion.Start());
                else
                {
                    // One leaves in good order, the next by force.
                    var leaving = running[0];
                    running.RemoveAt(0);
                    if (change % 4 == 1) await leaving.DisposeAsync();
                    else
                    {
                        await leaving.Kill();
                        await leaving.DisposeAsync();
                    }
                }

                var enough = Part(traffic, change, Changes) + 1;
                await Eventually.Is(async () => await Received() >= enough, Long, $"{enough} received");
            }

            traffic.Send(Broker, Part(traffic, Changes, Changes), traffic.Count);
            await Everything(traffic, running[^1]);
        }
        finally
        {
            foreach (var process in running) await process.DisposeAsync();
        }
    }

    [Test, CancelAfter(600_000)]
    public async Task facts_that_the_broker_lost_are_noticed_and_published_again()
    {
        var traffic = new Traffic(Size / 2, seed: 3, Now);
        // Nobody reads behind Ingestion yet, so what is lost was read by nobody.
        await using (var first = ingestion.Start())
        {
            traffic.Send(Broker, 0, traffic.Count);
            await Eventually.Is(async () => await Received() >= traffic.Count, Long, first.Said);
            if (kind == BrokerKind.Real) await MakeUsageTopicAgain();
        }

        if (kind == BrokerKind.Embedded)
        {
            await embedded!.DisposeAsync();
            embedded = await Brokers.StartEmbedded();
            ingestion.Moved(Broker);
            reader.Moved(Broker);
        }

        await using var process = ingestion.Start();
        await using var pricing = reader.Start();
        await Everything(traffic, process, isAgain: true);
    }

    /// <summary>Where a part begins, of one more than so many of them.</summary>
    private static int Part(Traffic traffic, int number, int interruptions) =>
        traffic.Count / (interruptions + 1) * number;

    private Task<long> Received() => ingestion.Ask<long>("select coalesce(sum(received), 0)::bigint from usage_counts");

    /// <summary>Each message is accounted for, each distinct event is one fact, and the reader behind has each once.</summary>
    private async Task Everything(Traffic traffic, RunningProgram process, bool isAgain = false)
    {
        await Eventually.Is(async () => await Received() >= traffic.Count, Long, $"all received: {process.Said}");
        await Eventually.Is(
            async () => await reader.Ask<long>(Effects) >= traffic.Distinct, Long, $"all read behind it: {process.Said}");

        // A topic that was lost and made again is read from its beginning, as far as there is one.
        (await Received()).ShouldBe(traffic.Count, $"received, seed {traffic.Seed}, again: {isAgain}");
        (await ingestion.Ask<long>("select count(*) from usage_keys where state = 1")).ShouldBe(traffic.Distinct);
        (await ingestion.Ask<long>(
            "select (sum(received) - sum(accepted) - sum(duplicate) - sum(conflict) - sum(rejected))::bigint from usage_counts"))
            .ShouldBe(0);
        (await ingestion.Ask<long>("select sum(accepted)::bigint from usage_counts")).ShouldBe(traffic.Distinct);
        (await ingestion.Ask<long>("select sum(rejected)::bigint from usage_counts")).ShouldBe(traffic.Malformed);
        (await ingestion.Ask<long>("select count(*) from sent_facts")).ShouldBe(traffic.Distinct);
        (await ingestion.Ask<long>("select count(distinct fact_id) from sent_facts")).ShouldBe(traffic.Distinct);
        (await ingestion.Ask<long>("select sum(last_number)::bigint from sent_lanes")).ShouldBe(traffic.Distinct);
        (await reader.Ask<long>(Effects)).ShouldBe(traffic.Distinct);
        (await reader.Ask<long>($"select count(distinct fact_id) from effects where topic = '{Topics.Usage}'"))
            .ShouldBe(traffic.Distinct);
    }

    private const string Effects = $"select count(*) from effects where topic = '{Topics.Usage}'";

    private async Task MakeUsageTopicAgain()
    {
        using var admin = Admin();
        await admin.DeleteTopicsAsync([Topics.Usage]);
        await Eventually.Is(async () =>
        {
            await admin.CreateTopicsAsync(
                [new() { Name = Topics.Usage, NumPartitions = Topics.Partitions, ReplicationFactor = 1 }]);
            return true;
        });
    }

    private IAdminClient Admin() =>
        new AdminClientBuilder(new AdminClientConfig { BootstrapServers = Broker })
            .SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
}
