using Billing.LocalTools;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Billing.AppHost.Tests.Kafka;

public sealed class LocalKafkaTests
{
    private static KafkaBinaries.Found Installed()
    {
        if (Environment.GetEnvironmentVariable("KAFKA_HOME") is null or "")
            Assert.Ignore("KAFKA_HOME is not set: this needs a real Apache Kafka.");

        return KafkaBinaries.Find(out _)!;
    }

    [Test, CancelAfter(120_000)]
    public async Task data_survives_a_restart_on_another_port(CancellationToken cancellation)
    {
        var binaries = Installed();
        using var folder = new TemporaryFolder();
        var said = new List<string>();

        var first = LocalKafka.Prepare(binaries, folder.Path, said.Add);
        await using (var broker = await first.Start(FreePort.Find(), cancellation))
        {
            await MakeTopic(broker.BootstrapServers, "kept", partitions: 3);
            await Clients.Produce(broker.BootstrapServers, "kept", "a", "b", "c");
        }

        var second = LocalKafka.Prepare(binaries, folder.Path, said.Add);
        await using (var broker = await second.Start(FreePort.Find(), cancellation))
            Clients.Consume(broker.BootstrapServers, "kept", 3).ShouldBe([(0, "a"), (1, "b"), (2, "c")]);

        said.Count.ShouldBe(1, "the second start formats nothing");
    }

    [Test, CancelAfter(120_000)]
    public async Task a_topic_is_not_made_by_a_typing_error(CancellationToken cancellation)
    {
        var binaries = Installed();
        using var folder = new TemporaryFolder();
        await using var broker = await LocalKafka
            .Prepare(binaries, folder.Path, _ => { }).Start(FreePort.Find(), cancellation);

        using var producer = new ProducerBuilder<Null, string>(
            new ProducerConfig { BootstrapServers = broker.BootstrapServers, MessageTimeoutMs = 3000 })
            .Build();

        await Should.ThrowAsync<ProduceException<Null, string>>(
            () => producer.ProduceAsync("typo", new Message<Null, string> { Value = "x" }));
    }

    [Test, CancelAfter(120_000)]
    public async Task a_port_that_is_taken_is_told(CancellationToken cancellation)
    {
        var binaries = Installed();
        using var folder = new TemporaryFolder();
        using var other = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        other.Start();
        var port = ((System.Net.IPEndPoint)other.LocalEndpoint).Port;
        var kafka = LocalKafka.Prepare(binaries, folder.Path, _ => { });

        var refused = await Should.ThrowAsync<PreparationFailed>(() => kafka.Start(port, cancellation));

        refused.Message.ShouldStartWith("Kafka ended at once.");
        refused.Message.ShouldContain("Address already in use");
    }

    private static async Task MakeTopic(string bootstrapServers, string name, int partitions)
    {
        using var admin = new AdminClientBuilder(
            new AdminClientConfig { BootstrapServers = bootstrapServers }).Build();
        await admin.CreateTopicsAsync(
            [new TopicSpecification { Name = name, NumPartitions = partitions, ReplicationFactor = 1 }]);
    }
}
