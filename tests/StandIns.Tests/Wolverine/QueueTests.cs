using System.Diagnostics;
using Billing.Testbed;
using Wolverine;

namespace Billing.StandIns.Tests.Messaging;

[Parallelizable(ParallelScope.Children)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class QueueTests
{
    private readonly Seen seen = new();
    private MessageDatabase database = null!;

    [SetUp]
    public async Task Prepare() => database = await MessageDatabase.Create();

    [TearDown]
    public async Task Remove() => await database.DisposeAsync();

    [Test]
    public async Task a_sequential_queue_keeps_the_order_of_sending()
    {
        const int Count = 200;
        await using var host = await Start(options => options.LocalQueueFor<Numbered>().Sequential());
        await using (var connection = await database.Source.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            var context = await host.Within(transaction);
            for (var number = 0; number < Count / 2; number++)
                await context.PublishAsync(new Numbered(number));
            await transaction.CommitAsync();
            await context.FlushOutgoingMessagesAsync();
        }

        for (var number = Count / 2; number < Count; number++)
            await host.Bus.PublishAsync(new Numbered(number));

        await Eventually.Is(() => seen.Words.Count == Count);
        seen.Words.ShouldBe(Enumerable.Range(0, Count).Select(number => $"{number}"));
    }

    [Test]
    public async Task at_most_so_many_messages_are_handled_at_once_and_so_many_are()
    {
        await using var host = await Start(options =>
            options.LocalQueueFor<Busy>().MaximumParallelMessages(3));
        for (var number = 0; number < 12; number++) await host.Bus.PublishAsync(new Busy(number));

        await Eventually.Is(() => seen.Words.Count == 3);
        await host.Bus.PublishAsync(new Numbered(1));
        await seen.Has("1");
        seen.Words.Count(word => word.StartsWith("began", StringComparison.Ordinal)).ShouldBe(3);

        seen.Gate.SetResult();
        await database.AllHandled();
        seen.Words.Count(word => word.StartsWith("began", StringComparison.Ordinal)).ShouldBe(12);
    }

    [Test]
    public async Task messages_go_where_a_rule_says()
    {
        await using var host = await Start(options =>
        {
            options.PublishMessage<Busy>().ToLocalQueue("by_rule").UseDurableInbox();
            options.Policies.AllLocalQueues(queue => queue.MaximumParallelMessages(5));
            options.LocalQueue("in-memory").BufferedInMemory();
            options.PublishMessage<Numbered>().ToLocalQueue("in-memory");
        });
        await host.Bus.PublishAsync(new Busy(1));
        await host.Bus.PublishAsync(new Numbered(1));
        await host.Bus.ScheduleAsync(new Numbered(2), TimeSpan.FromMilliseconds(50));

        await seen.Has("1", "2");
        (await database.Ask<string>(
            "select string_agg(received_at, ' ') from wolverine_incoming_envelopes"))
            .ShouldBe("local://by_rule/");
        seen.Gate.SetResult();
    }

    [Test]
    public async Task more_messages_than_memory_is_meant_for_wait_in_storage()
    {
        var count = TestSize.Of(everyRun: 1_000, full: 30_000);
        await using var host = await Start(options =>
        {
            options.LocalQueueFor<Busy>().MaximumParallelMessages(2);
            options.Durability.Room = count / 5;
        });
        await using (var connection = await database.Source.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            var context = await host.Within(transaction);
            for (var number = 0; number < count; number++) await context.PublishAsync(new Busy(number));
            await transaction.CommitAsync();
            await context.FlushOutgoingMessagesAsync();
        }

        (await database.Messages("owner_id = 0")).ShouldBeGreaterThan(count / 2);
        seen.Gate.SetResult();
        await database.AllHandled();
        seen.Words.Distinct().Count().ShouldBe(count);
    }

    [Test]
    public async Task throughput()
    {
        if (!TestSize.Full) Assert.Ignore("prints what this machine does; only with --full");

        const int Count = 20_000;
        seen.Gate.SetResult();
        await using var host = await Start();
        var clock = Stopwatch.StartNew();
        await Parallel.ForAsync(
            0, Count, new ParallelOptions { MaxDegreeOfParallelism = 8 },
            async (number, _) => await host.Bus.PublishAsync(new Busy(number)));
        var sent = clock.Elapsed;
        await database.AllHandled();

        await TestContext.Out.WriteLineAsync(
            $"{Count} durable messages: sent one by one in {sent.TotalSeconds:F1} s, "
            + $"handled after {clock.Elapsed.TotalSeconds:F1} s ({Count / clock.Elapsed.TotalSeconds:F0}/s)");
        seen.Words.Count.ShouldBe(Count);
    }

    private Task<MessagingHost> Start(Action<WolverineOptions>? configure = null) =>
        MessagingHost.Start(database, seen, typeof(Counts), configure);

    public sealed record Numbered(int Number);

    public sealed record Busy(int Number);

    public static class Counts
    {
        public static void Handle(Numbered numbered, Seen seen) => seen.Add($"{numbered.Number}");

        public static Task Handle(Busy busy, Seen seen)
        {
            seen.Add($"began {busy.Number}");
            return seen.Gate.Task;
        }
    }
}
