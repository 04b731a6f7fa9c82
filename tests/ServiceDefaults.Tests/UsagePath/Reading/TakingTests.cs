using Billing.Contracts;
using Billing.ServiceDefaults.UsagePath;
using Billing.Testbed;
using Npgsql;

namespace Billing.ServiceDefaults.Tests.UsagePath.Reading;

/// <summary>Whose lanes they are, what a batch does when something fails, and when a lane stops.</summary>
[Parallelizable(ParallelScope.Self)]
public class TakingTests
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
    public async Task an_owner_that_was_thought_dead_cannot_write_any_more()
    {
        await using var zombie = await Reader.Run(_database, _broker.Address);
        Publish(1, 10);
        await Eventually.Is(async () => await _database.Count() == 10);

        var (entered, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        zombie.Handler.OnBatch = async (_, _) =>
        {
            entered.TrySetResult();
            await goOn.Task;
        };
        Publish(11, 20);
        await entered.Task.WaitAsync(Eventually.Patience);

        // It hangs inside its transaction, so the database ends that, and the next owner gets the rows.
        await using var heir = await Reader.Run(_database, _broker.Address);
        await Eventually.Is(async () => await _database.Count() == 20);
        goOn.SetResult();
        zombie.Handler.OnBatch = (_, _) => Task.CompletedTask;
        await Eventually.Is(() => zombie.Log.Lines.Any(line => line.Contains("have another owner now: 0")));

        Publish(21, 30);
        await Eventually.Is(async () => await _database.Count() >= 30);
        await ShouldBeWhole(30);
    }

    [Test]
    public async Task an_old_owner_that_reads_on_loses_to_the_new_one()
    {
        await using var old = await Reader.Run(_database, _broker.Address);
        Publish(1, 10);
        await Eventually.Is(async () => await _database.Count() == 10);
        await using var heir = await Reader.Run(_database, _broker.Address);
        await Eventually.Is(() => heir.Log.Lines.Any(line => line.Contains("Reads billing")));

        // Both are sent the same; only one of them owns the lanes.
        for (var number = 11; number <= 200; number++) _publisher.Fact(0, number);
        await Eventually.Is(async () => await _database.Count() >= 200);

        await ShouldBeWhole(200);
        heir.Handler.Batches.ShouldNotBeEmpty();
    }

    [Test]
    public async Task what_fails_for_a_while_is_done_once_it_succeeds()
    {
        await using var reader = await Reader.Run(_database, _broker.Address);
        var failures = 0;
        reader.Handler.OnBatch = (_, _) => Interlocked.Increment(ref failures) switch
        {
            1 => throw new PostgresException("could not serialize", "ERROR", "ERROR", "40001"),
            2 => throw new NpgsqlException("The connection was lost."),
            3 => throw new PostgresException("lock timeout", "ERROR", "ERROR", "55P03"),
            4 => throw new TryAgainException("Not yet."),
            _ => Task.CompletedTask,
        };

        Publish(1, 50);

        await Eventually.Is(async () => await _database.Count() == 50);
        await ShouldBeWhole(50);
        (await Parked()).ShouldBeEmpty();
    }

    [Test]
    public async Task a_commit_whose_answer_was_lost_is_not_done_twice()
    {
        await using var reader = await Reader.Run(_database, _broker.Address, path: path => path
            .Read<BookKeeper>().Publish(Topics.Ratings).Open(provider => LosesFirstAnswer(
                ((BatchTransactions)provider.GetService(typeof(BatchTransactions))!).Begin)));

        Publish(1, 20);
        await Eventually.Is(async () => await _database.Count() >= 20);
        Publish(21, 40);
        await Eventually.Is(async () => await _database.Count() >= 40);

        await ShouldBeWhole(40);
        reader.Log.Lines.ShouldContain(line => line.Contains("The answer was lost"));

        static OpenBatch LosesFirstAnswer(OpenBatch begin)
        {
            var batches = 0;
            return async cancellation =>
            {
                var inner = await begin(cancellation);
                return new(inner.Connection, async (batch, token) =>
                {
                    foreach (var fact in batch.Facts) inner.Send(fact);
                    await inner.Commit(token);
                    if (Interlocked.Increment(ref batches) == 1) throw new NpgsqlException(
                        "The answer was lost.");
                }, inner.DisposeAsync);
            };
        }
    }

    [Test]
    public async Task a_restored_store_stops_its_lanes_and_says_so_and_the_others_go_on()
    {
        await using var reader = await Reader.Run(_database, _broker.Address);
        Publish(1, 10);
        for (var number = 1; number <= 10; number++) _publisher.Fact(8, number);
        await Eventually.Is(async () => await _database.Count() == 20);

        _publisher.Fact(0, 11, generation: "generation-2");
        _publisher.Fact(0, 12, generation: "generation-2");
        for (var number = 11; number <= 20; number++) _publisher.Fact(8, number);
        await Eventually.Is(async () => await _database.Count() == 30);

        // The other lane's facts are durable before the lane is stopped.
        var why = await Eventually.Gives<string>(async () => await _database.Ask<object>(
            _database.Owner,
            "select stopped_because from read_lanes where lane = 0 and stopped_at is not null") as string);
        why.ShouldStartWith("Generation generation-2 came after generation-1");
        reader.Log.Lines.ShouldContain(line =>
            line.Contains("Error: Stops billing.ingestion.usage.v1 lane 0"));

        // Not even another owner takes it up again.
        await using var heir = await Reader.Run(_database, _broker.Address);
        _publisher.Fact(0, 11);
        for (var number = 21; number <= 30; number++) _publisher.Fact(8, number);
        await Eventually.Is(async () => await _database.Count() == 40);
        (await _database.Numbers())[0].Count.ShouldBe(10);
    }

    [Test]
    public async Task a_lane_whose_store_lost_its_tail_stops()
    {
        await using var reader = await Reader.Run(_database, _broker.Address);
        Publish(1, 10);
        await Eventually.Is(async () => await _database.Count() == 10);

        var reason = await Eventually.Gives(async () =>
        {
            _publisher.Tide(0, 7);
            await Task.Delay(250); // Each tide is the end of what is there when it is read.
            return await Stopped();
        });

        reason.ShouldBe("The lane ends at 7, but 10 was taken: the store behind it lost facts.");

        async Task<string?> Stopped() => await _database.Ask<object>(
            _database.Owner, "select coalesce(stopped_because, '') from read_lanes where lane = 0") is string
        { Length: > 0 } why ? why : null;
    }

    private void Publish(int first, int last)
    {
        for (var number = first; number <= last; number++) _publisher.Fact(0, number);
        _publisher.Flush();
    }

    private async Task ShouldBeWhole(int last) =>
        (await _database.Numbers())[0].ShouldBe(Enumerable.Range(1, last).Select(number => (long)number));

    private Task<List<ParkedShown>> Parked() => _database.Parked();
}
