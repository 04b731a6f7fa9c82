using Billing.AppHost.Tests.Kafka;
using Billing.Contracts;
using Billing.LocalTools;
using Billing.Testbed;

namespace Billing.AppHost.Tests.Broker;

public sealed class BrokerTests
{
    [Test]
    public async Task what_is_produced_is_consumed()
    {
        using var folder = new TemporaryFolder();
        await using var broker = await BrokerProcess.Start(Path.Combine(folder.Path, "address"));

        await Clients.Produce(broker.Address, Topics.Usage, "first", "second", "third");

        Clients.Consume(broker.Address, Topics.Usage, 3)
            .ShouldBe([(0, "first"), (1, "second"), (2, "third")]);
    }

    [Test]
    public async Task every_topic_has_the_partitions_that_contracts_name()
    {
        using var folder = new TemporaryFolder();
        await using var broker = await BrokerProcess.Start(Path.Combine(folder.Path, "address"));

        var counts = Clients.PartitionCounts(broker.Address);

        foreach (var topic in Topics.All)
        {
            counts[topic.Name].ShouldBe(topic.Partitions, topic.Name);
            counts[Topics.Dlq(topic.Name)].ShouldBe(1, topic.Name);
        }
    }

    [Test]
    public async Task it_listens_on_loopback_and_answers_the_probe()
    {
        using var folder = new TemporaryFolder();
        await using var broker = await BrokerProcess.Start(Path.Combine(folder.Path, "address"));

        broker.Address.ShouldStartWith("127.0.0.1:");
        await Eventually.Is(async () => await KafkaProbe.Ask(broker.Address, CancellationToken.None) is null);
    }

    [Test]
    public async Task a_stop_is_clean_and_takes_the_address_away()
    {
        using var folder = new TemporaryFolder();
        var addressFile = Path.Combine(folder.Path, "address");
        await using var broker = await BrokerProcess.Start(addressFile);

        (await broker.Stop()).ShouldBe(0);

        File.Exists(addressFile).ShouldBeFalse();
        (await KafkaProbe.Ask(broker.Address, CancellationToken.None)).ShouldNotBeNull();
    }

    [Test]
    public async Task a_broker_that_stops_leaves_the_address_of_its_successor()
    {
        using var folder = new TemporaryFolder();
        var addressFile = Path.Combine(folder.Path, "address");
        await using var broker = await BrokerProcess.Start(addressFile);
        await File.WriteAllTextAsync(addressFile, "127.0.0.1:1\n");

        await broker.Stop();

        (await File.ReadAllTextAsync(addressFile)).ShouldBe("127.0.0.1:1\n");
    }

    [TestCase("--port 9092", "Billing.Broker: '--port' is not an option. Try --help.")]
    [TestCase("--address-file", "Billing.Broker: --address-file takes one path. Try --help.")]
    [TestCase("--address-file /proc/nowhere/address", "Billing.Broker: Could not find file '/proc/nowhere'.")]
    public async Task a_wrong_command_line_is_one_sentence(string arguments, string sentence)
    {
        using var process = BrokerProcess.Run(arguments.Split(' '));
        var said = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();

        process.ExitCode.ShouldNotBe(0);
        said.Trim().ShouldBe(sentence);
    }

    [Test]
    public async Task help_names_the_option()
    {
        using var process = BrokerProcess.Run("--help");
        var said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();

        process.ExitCode.ShouldBe(0);
        said.ShouldContain("--address-file <path>");
    }
}
