using Billing.Contracts;
using Billing.ServiceDefaults.UsagePath.Relaying;
using Billing.Testbed;
using Confluent.Kafka;

namespace Billing.ServiceDefaults.Tests.UsagePath.Relaying;

/// <summary>What only a broker with a disk and administrators can do to a relay.</summary>
[Parallelizable(ParallelScope.Self)]
internal sealed class RelayAndRealBrokerTests : RelayFixture
{
    private RealBroker _own = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        if (!Brokers.HasRealOne) Assert.Ignore($"needs a real broker: {Brokers.KafkaHome} is not set");

        _own = await Brokers.StartOwnReal();
        await MakeTopics(Broker = _own.BootstrapServers);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        if (_own is not null) await _own.DisposeAsync();
    }

    [Test]
    public async Task a_broker_that_is_away_for_a_while_gets_everything_when_it_is_back()
    {
        await using var sender = await Run();
        await sender.Send(Facts(0, 700));
        await Marked(700);

        for (var batch = 1; batch <= 30; batch++)
        {
            if (batch == 5) await _own.Kill();
            // In full so long that a client with a time limit for messages would drop the first of them.
            if (batch == 25 && TestSize.Full) await Task.Delay(TimeSpan.FromSeconds(70));
            if (batch == 25) await _own.StartAgain();
            await sender.Send(Facts(batch * 700, 700));
        }

        using var reader = Read();
        await reader.Until(() => reader.Count >= 31 * 700);
        reader.ShouldBeWhole(31 * 700);
        await Marked(31 * 700);
    }

    [Test]
    public async Task more_partitions_are_noticed_and_each_lane_goes_on_in_its_new_one()
    {
        await using var sender = await Run();
        await sender.Send(Facts(0, 640, lanes: 64));
        await Marked(640);
        using var admin = Admin();
        await admin.CreatePartitionsAsync([new() { Topic = Sender.Topic, IncreaseTo = 16 }]);
        await Eventually.Is(() =>
            sender.Get<RelayState>().Lanes.Any(lane => lane.Partition.At.Partition == 15));
        await sender.Send(Facts(640, 640, lanes: 64));

        await Marked(1_280);
        using var reader = Read();
        await reader.Until(() => reader.Count >= 1_280 && reader.Tides.Any(tide => tide.Partition == 15));
        reader.Facts.Where(fact => fact.Number > 10)
            .ShouldAllBe(fact => fact.Partition == Lanes.Partition(fact.Lane, 16));
        reader.Tides.First(tide => tide.Partition == 15).Lanes.Select(lane => lane.Lane)
            .ShouldBe([15, 31, 47, 63]);
    }

    [Test]
    public async Task a_topic_that_was_deleted_and_made_again_is_published_to_as_soon_as_it_is_there()
    {
        await using var sender = await Run();
        await sender.Send(Facts(0, 700));
        await Marked(700);
        using var admin = Admin();
        await admin.DeleteTopicsAsync([Sender.Topic]);
        await sender.Send(Facts(700, 700));
        await Eventually.Is(() =>
            admin.GetMetadata(Eventually.Patience).Topics.All(topic => topic.Topic != Sender.Topic));
        await admin.CreateTopicsAsync([new() { Name = Sender.Topic, NumPartitions = 8 }]);
        await sender.Send(Facts(1_400, 700));

        await Marked(2_100);
        using var reader = Read();
        await reader.Until(() => reader.Facts.Count(fact => fact.Number > 200) >= 700);
        await Eventually.Is(async () =>
        {
            await Ask([.. Enumerable.Range(0, 7).Select(lane =>
                new Contracts.Platform.ReplayRequestV1("pricing", Sender.Topic, lane, Generation, 1, 300))]);
            reader.Drain();
            return reader.Count >= 2_100;
        });
        reader.Count.ShouldBe(2_100);
    }

    private IAdminClient Admin() => new AdminClientBuilder(
            new AdminClientConfig { BootstrapServers = Broker })
        .SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
}
