using System.Text;
using Billing.Contracts;
using Billing.ServiceDefaults.Tests.UsagePath.Reading;
using Billing.Testbed;
using Confluent.Kafka;

namespace Billing.ServiceDefaults.Tests.UsagePath.Parking;

/// <summary>What cannot be applied is kept aside with its key, and the rest goes on.</summary>
[Parallelizable(ParallelScope.Self)]
public class ParkingTests
{
    private TestDatabase _database = null!;
    private PathBroker _broker = null!;
    private Publisher _publisher = null!;

    [SetUp]
    public async Task Make()
    {
        (_database, _broker) = (await Books.Create(), await PathBroker.Start(BrokerKind.Embedded));
        _publisher = new(_broker.Address);
    }

    [TearDown]
    public async Task Remove()
    {
        _publisher.Dispose();
        await _broker.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Test]
    public async Task a_fact_that_fails_is_parked_with_its_key_and_the_rest_goes_on()
    {
        for (var number = 1; number <= 50; number++)
            _publisher.Fact(0, number, key: $"key-{number % 5}", what: number == 23 ? "fail" : "book");
        _publisher.Flush();
        await using var reader = await Reader.Run(_database, _broker.Address);

        // 23, and behind it 28, 33, 38, 43, 48 of the same key.
        await Eventually.Is(async () => await _database.Count() == 44 && (await Parked()).Count == 6);
        var parked = await Parked();
        parked.Select(one => one.Number).ShouldBe([23, 28, 33, 38, 43, 48]);
        parked.ShouldAllBe(one => one.Key == "key-3" && one.Lane == 0);
        parked[0].Reason.ShouldBe("InvalidOperationException: It cannot be done.");
        parked[1].Reason.ShouldBe("It is behind an earlier parked fact of the same key.");
        var copies = await Eventually.Gives(async () => await Copies() is { Count: 6 } all ? all : null);
        var copy = copies[0];
        Header(copy, "billing-dlq-reason").ShouldBe(parked[0].Reason);
        Header(copy, "billing-dlq-topic").ShouldBe(Reader.Topic);
        (Header(copy, "billing-dlq-lane"), Header(copy, "billing-dlq-number")).ShouldBe(("0", "23"));
        Header(copy, FactHeaders.FactId).ShouldBe($"{Publisher.IdOf(0, 23)}");
        Encoding.UTF8.GetString(copy.Value).ShouldBe("""{"key":"key-3","do":"fail"}""");

        // Asked too early it fails again and stays; repaired, the key comes in its order.
        await Redrive();
        await Eventually.Is(async () => (await Parked())[0].Attempts == 1);
        (await Parked()).Count.ShouldBe(6);
        reader.Handler.IsRepaired = true;
        await Redrive();
        await Eventually.Is(async () => (await Parked()).Count == 0);
        (await _database.Numbers())[0].TakeLast(6).ShouldBe([23, 28, 33, 38, 43, 48]);

        _publisher.Fact(0, 51, key: "key-3");
        await Eventually.Is(async () => await _database.Count() == 51);
    }

    [Test]
    public async Task what_a_handler_parks_keeps_later_facts_of_its_key_back_in_the_same_batch()
    {
        for (var number = 1; number <= 20; number++)
            _publisher.Fact(0, number, key: number % 2 == 0 ? "even" : "odd",
                what: number == 6 ? "park" : "book");
        _publisher.Flush();
        await using (await Reader.Run(_database, _broker.Address))
            await Eventually.Is(async () => (await Parked()).Count == 8);

        (await Parked()).Select(one => one.Number).ShouldBe([6, 8, 10, 12, 14, 16, 18, 20]);
        (await Parked())[0].Reason.ShouldBe("The handler keeps it aside.");
        (await _database.Numbers())[0].ShouldBe([1, 2, 3, 4, 5, 7, 9, 11, 13, 15, 17, 19]);

        // A new owner knows of it.
        await using var heir = await Reader.Run(_database, _broker.Address);
        _publisher.Fact(0, 21, key: "even");
        _publisher.Fact(0, 22, key: "odd");
        await Eventually.Is(async () => (await Parked()).Count == 9 && await _database.Count() == 13);
    }

    [Test]
    public async Task what_cannot_be_read_is_parked_alone()
    {
        await using var reader = await Reader.Run(_database, _broker.Address);
        _publisher.Fact(0, 1);
        _publisher.Fact(0, 2, body: "no json"u8.ToArray());
        _publisher.Fact(0, 3, wireName: "billing.nobody.knows.v1");
        _publisher.Fact(0, 4);
        for (var twice = 0; twice < 2; twice++)
            _publisher.Send(0, new()
            {
                Key = [1, 2],
                Value = [0xff, 0],
                Headers = new() { { "x", [0xfe] } }
            });
        _publisher.Fact(0, 5);

        await Eventually.Is(async () => await _database.Count() == 3 && (await Parked()).Count == 3);
        var parked = (await Parked()).OrderBy(one => one.Number ?? 99).ToList();
        parked[0].Key.ShouldBe($"fact:{Publisher.IdOf(0, 2)}");
        parked[0].Reason.ShouldStartWith("The body cannot be read");
        parked[1].Reason.ShouldBe("This version does not know 'billing.nobody.knows.v1'.");
        parked[2].Reason.ShouldBe("It is neither a numbered fact nor a tide.");
        parked[2].Lane.ShouldBeNull();
    }

    [Test]
    public async Task a_raw_message_that_fails_is_parked_once_and_redriven_through_Kafka()
    {
        using var raw = new RawPublisher(_broker.Address);
        await using var reader = await Reader.Run(
            _database, _broker.Address, path: path => path.ReadRaw<FussyRaw>().Publish(Topics.Ratings));
        for (var number = 1; number <= 20; number++) raw.Send(number, partition: 1,
            body: number == 7 ? "bad" : "good");
        raw.Flush();

        await Eventually.Is(async () => await _database.Count() == 19 && (await Parked()).Count == 1);
        await Eventually.Is(async () => (await Copies(Topics.RawUsage)).Count == 1);
        reader.Get<FussyRaw>().IsRepaired = true;
        await Redrive();

        await Eventually.Is(async () => await _database.Count() == 20 && (await Parked()).Count == 0);
        (await _database.Ask<string>(_database.Owner, "select key from effects order by place desc limit 1"))
            .ShouldBe("message-7");
    }

    private Task Redrive() => _database.Do(
        _database.Owner, "update parked_facts set redrive_asked_at = now(), redrive_asked_by = 'ann'");

    private Task<List<ParkedShown>> Parked() => _database.Parked();

    /// <summary>Each once: one that the broker was slow to acknowledge may be there twice.</summary>
    private Task<List<Message<byte[], byte[]>>> Copies(string topic = Reader.Topic) => Task.Run(() =>
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig
        {
            BootstrapServers = _broker.Address,
            GroupId = Guid.NewGuid().ToString("N"),
            EnablePartitionEof = true,
        }).Build();
        consumer.Assign(new TopicPartitionOffset(Topics.Dlq(topic), 0, Offset.Beginning));
        var copies = new List<Message<byte[], byte[]>>();
        while (consumer.Consume(TimeSpan.FromSeconds(5)) is { IsPartitionEOF: false } copy) copies.Add(
            copy.Message);
        return copies.DistinctBy(copy => (
            Encoding.UTF8.GetString(copy.Key), Header(copy, "billing-dlq-number"))).ToList();
    });

    private static string Header(Message<byte[], byte[]> message, string name) =>
        message.Headers.TryGetLastBytes(name, out var bytes) ? Encoding.UTF8.GetString(bytes) : "";
}
