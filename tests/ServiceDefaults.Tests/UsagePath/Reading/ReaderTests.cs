using Billing.Contracts;
using Billing.Contracts.Platform;
using Billing.Testbed;
using Confluent.Kafka;

namespace Billing.ServiceDefaults.Tests.UsagePath.Reading;

/// <summary>What depends on how the broker behaves.</summary>
[TestFixtureSource(typeof(Brokers), nameof(Brokers.All))]
[Parallelizable(ParallelScope.Self)]
public class ReaderTests(BrokerKind kind)
{
    private TestDatabase _database = null!;
    private PathBroker _broker = null!;

    [SetUp]
    public async Task Make() => (_database, _broker) = (await Books.Create(), await PathBroker.Start(kind));

    [TearDown]
    public async Task Remove()
    {
        await _broker.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Test]
    public async Task each_number_is_taken_once_and_in_order_and_what_is_missing_is_asked_for()
    {
        using var publisher = new Publisher(_broker.Address);
        await using var reader = await Reader.Run(_database, _broker.Address);

        // Lane 0 loses 50, lane 8 its tail, lane 63 nothing; all of it comes twice.
        for (var number = 1; number <= 100; number++)
        {
            for (var twice = 0; twice < 2; twice++)
            {
                if (number != 50) publisher.Fact(0, number);
                if (number <= 90) publisher.Fact(8, number);
                publisher.Fact(63, number);
            }
        }

        publisher.Tide(8, 100);
        publisher.Flush();

        await Eventually.Is(async () => await _database.Count() == 49 + 90 + 100);
        var asked = await Asked(2);
        asked.ShouldContain(new ReplayRequestV1(
            Resources.Pricing, Reader.Topic, 0, Publisher.Generation, 50, 50));
        asked.ShouldContain(new ReplayRequestV1(
            Resources.Pricing, Reader.Topic, 8, Publisher.Generation, 91, 100));

        publisher.Fact(0, 50);
        for (var number = 91; number <= 100; number++) publisher.Fact(8, number);
        await Eventually.Is(async () => await _database.Count() == 300);
        await ShouldBeWhole(100, 0, 8, 63);
    }

    [Test]
    public async Task readers_that_join_and_leave_under_load_take_each_number_once()
    {
        using var publisher = new Publisher(_broker.Address);
        var lanes = Enumerable.Range(0, 8).ToArray();
        using var enough = new CancellationTokenSource();
        var numbers = 0;
        var load = Task.Run(async () =>
        {
            while (!enough.IsCancellationRequested)
            {
                numbers++;
                foreach (var lane in lanes) publisher.Fact(lane, numbers);
                await Task.Delay(20, CancellationToken.None);
            }
        });

        var first = await Reader.Run(_database, _broker.Address, group: null);
        await Eventually.Is(async () => await _database.Count() > 100);
        await using var second = await Reader.Run(_database, _broker.Address, group: null);
        await Eventually.Is(() => Took(second));
        await first.DisposeAsync();
        await using var third = await Reader.Run(_database, _broker.Address, group: null);
        await Eventually.Is(() => Took(third));
        await enough.CancelAsync();
        await load;
        // What a partition lost while it changed hands would be asked for again from whoever published it.
        foreach (var lane in lanes) publisher.Tide(lane, numbers);

        await Eventually.Is(async () => await _database.Count() >= numbers * lanes.Length);
        await ShouldBeWhole(numbers, lanes);

        static bool Took(Reader reader) => reader.Log.Lines.Any(line => line.Contains("Reads billing"));
    }

    [Test]
    public async Task a_position_that_is_gone_means_the_beginning()
    {
        using var publisher = new Publisher(_broker.Address);
        for (var number = 1; number <= 20; number++) publisher.Fact(0, number);
        publisher.Flush();
        await using (await Reader.Run(_database, _broker.Address))
            await Eventually.Is(async () => await _database.Count() == 20);
        await _database.Do(_database.Owner, "update read_partitions set next_offset = 100000");

        for (var number = 21; number <= 40; number++) publisher.Fact(0, number);
        publisher.Flush();
        await using var reader = await Reader.Run(_database, _broker.Address);

        await Eventually.Is(async () => await _database.Count() == 40);
        await ShouldBeWhole(40, 0);
    }

    [Test]
    public async Task a_topic_that_was_made_again_is_read_from_its_beginning()
    {
        var broker = _broker;
        using (var publisher = new Publisher(broker.Address))
            for (var number = 1; number <= 50; number++) publisher.Fact(0, number);
        var reader = await Reader.Run(_database, broker.Address);
        await Eventually.Is(async () => await _database.Count() == 50);

        if (kind == BrokerKind.Real) await PathBroker.Renew(broker.Address, Reader.Topic);
        else
        {
            await reader.DisposeAsync();
            await broker.DisposeAsync();
            _broker = await PathBroker.Start(kind);
            reader = await Reader.Run(_database, _broker.Address);
        }

        // A relay fills it again from wherever it is sure of.
        using (var publisher = new Publisher(_broker.Address))
            for (var number = 31; number <= 80; number++) publisher.Fact(0, number);

        await Eventually.Is(async () => await _database.Count() == 80);
        await ShouldBeWhole(80, 0);
        await reader.DisposeAsync();
    }

    [Test]
    public async Task a_raw_topic_goes_on_where_it_was_committed_and_says_up_to_which_moment()
    {
        using var raw = new RawPublisher(_broker.Address);
        for (var number = 1; number <= 40; number++) raw.Send(number);
        raw.Flush();
        var before = DateTime.UtcNow;
        await using (await Run()) await Eventually.Is(async () => await ReadUpTo() > before);
        (await _database.Count()).ShouldBe(40);

        for (var number = 41; number <= 60; number++) raw.Send(number);
        raw.Flush();
        await using (await Run()) await Eventually.Is(async () => await _database.Count() == 60);
        (await _database.Ask<long>(_database.Owner, "select count(distinct key) from effects")).ShouldBe(60);

        Task<Reader> Run() => Reader.Run(
            _database, _broker.Address,
            path: path => path.ReadRaw<PathHost.TakeRaw>().Publish(Topics.Ratings));

        // Quiet partitions are read as well, and so have a moment.
        Task<DateTime> ReadUpTo() => _database.Ask<DateTime>(
            _database.Owner,
            $"""
            select case when count(read_up_to) = {Topics.Partitions}
                   then min(read_up_to) else 'epoch'::timestamptz end
            from read_partitions where topic = '{Topics.RawUsage}'
            """);
    }

    [Test]
    public async Task a_raw_topic_that_was_made_again_is_read_from_its_beginning()
    {
        using (var raw = new RawPublisher(_broker.Address))
            for (var number = 1; number <= 30; number++) raw.Send(number, partition: 0);
        var reader = await Run();
        await Eventually.Is(async () => await _database.Count() == 30);

        if (kind == BrokerKind.Real) await PathBroker.Renew(_broker.Address, Topics.RawUsage);
        else
        {
            await reader.DisposeAsync();
            await _broker.DisposeAsync();
            _broker = await PathBroker.Start(kind);
            reader = await Run();
        }

        // More than before, so that the old position would be a valid one, and wrong.
        using (var raw = new RawPublisher(_broker.Address))
            for (var number = 31; number <= 90; number++) raw.Send(number, partition: 0);

        await Eventually.Is(async () =>
            await _database.Ask<long>(_database.Owner, "select count(distinct key) from effects") == 90);
        await reader.DisposeAsync();

        Task<Reader> Run() => Reader.Run(
            _database, _broker.Address,
            path: path => path.ReadRaw<PathHost.TakeRaw>().Publish(Topics.Ratings));
    }

    private async Task ShouldBeWhole(int last, params int[] lanes)
    {
        var numbers = await _database.Numbers();
        numbers.Keys.Order().ShouldBe(lanes.Order());
        foreach (var lane in numbers.Values)
            lane.ShouldBe(Enumerable.Range(1, last).Select(number => (long)number));
    }

    private async Task<List<ReplayRequestV1>> Asked(int count)
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig
        {
            BootstrapServers = _broker.Address,
            GroupId = Guid.NewGuid().ToString("N"),
        }).Build();
        consumer.Assign(Enumerable.Range(0, Topics.Partitions).Select(
            partition => new TopicPartitionOffset(Topics.ReplayRequests, partition, Offset.Beginning)));
        var asked = new List<ReplayRequestV1>();
        await Eventually.Is(() =>
        {
            while (consumer.Consume(50) is { } message)
                asked.Add(ContractsJson.Read<ReplayRequestV1>(message.Message.Value));
            return asked.DistinctBy(request => request.Lane).Count() >= count;
        });
        return asked;
    }
}
