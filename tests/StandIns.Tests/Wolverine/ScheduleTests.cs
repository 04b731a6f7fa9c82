using Billing.Testbed;
using Wolverine;

namespace Billing.StandIns.Tests.Messaging;

[Parallelizable(ParallelScope.Children)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ScheduleTests
{
    private static readonly DateTimeOffset january = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    private readonly Seen seen = new();
    private readonly VirtualTime time = new(january);
    private MessageDatabase database = null!;

    [SetUp]
    public async Task Prepare() => database = await MessageDatabase.Create();

    [TearDown]
    public async Task Remove() => await database.DisposeAsync();

    [Test]
    public async Task each_scheduled_message_fires_once_however_many_nodes_there_are()
    {
        const int Count = 300;
        await using var one = await Start();
        await using var two = await Start();
        one.NodeNumber.ShouldNotBe(two.NodeNumber);

        await using (var connection = await database.Source.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            var context = await one.Within(transaction);
            for (var number = 0; number < Count; number++)
                await context.ScheduleAsync(new Due($"{number}"), january.AddDays(number % 28));
            await transaction.CommitAsync();
            await context.FlushOutgoingMessagesAsync();
        }

        (await database.Messages("status = 'Scheduled'"))
            .ShouldBeGreaterThan(280);

        // A clock that jumps a month.
        time.Advance(TimeSpan.FromDays(31));

        await database.AllHandled();
        seen.Words.Order().ShouldBe(Enumerable.Range(0, Count).Select(number => $"{number}").Order());
    }

    [Test]
    public async Task nothing_fires_before_its_time_and_what_is_due_fires_in_order()
    {
        await using var host = await Start(options => options.LocalQueueFor<Due>().Sequential());
        await host.Bus.ScheduleAsync(new Due("third"), january.AddMonths(1));
        await host.Bus.ScheduleAsync(new Due("second"), TimeSpan.FromDays(2));
        await host.Bus.ScheduleAsync(new Due("first"), january.AddDays(1));
        await host.Bus.ScheduleAsync(new Due("past"), january.AddDays(-1));

        await seen.Has("past");
        time.Advance(TimeSpan.FromDays(1) - TimeSpan.FromTicks(1));
        await host.Bus.PublishAsync(new Due("now"));
        await seen.Has("now");
        seen.Words.ShouldBe(["past", "now"]);

        time.Advance(TimeSpan.FromDays(31));
        await seen.Has("third");
        seen.Words.ShouldBe(["past", "now", "first", "second", "third"]);
    }

    [Test]
    public async Task a_schedule_outlives_every_process()
    {
        await using (var first = await Start())
            await first.Bus.ScheduleAsync(new Due("next month"), january.AddMonths(1));

        await using (var crashes = await Start()) await crashes.Abort();

        time.Advance(TimeSpan.FromDays(40));
        await using var last = await Start();
        await seen.Has("next month");
        await database.AllHandled();
        seen.Words.ShouldBe(["next month"]);
    }

    [Test]
    public async Task a_clock_that_goes_back_fires_nothing_twice()
    {
        await using var host = await Start();
        await host.Bus.ScheduleAsync(new Due("once"), january.AddDays(1));
        time.Advance(TimeSpan.FromDays(1));
        await seen.Has("once");

        time.Advance(TimeSpan.FromDays(-30));
        await host.Bus.PublishAsync(new Due("after"));
        time.Advance(TimeSpan.FromDays(60));

        await seen.Has("after");
        await database.AllHandled();
        seen.Words.ShouldBe(["once", "after"]);
    }

    [Test]
    public async Task a_message_that_is_too_late_is_dropped()
    {
        await using var host = await Start();
        await host.Bus.ScheduleAsync(
            new Due("late"), january.AddDays(2), new() { DeliverBy = january.AddDays(3) });
        await host.Bus.ScheduleAsync(
            new Due("in time"), january.AddDays(2), new() { DeliverWithin = TimeSpan.FromDays(5) });

        time.Advance(TimeSpan.FromDays(4));

        await database.AllHandled();
        seen.Words.ShouldBe(["in time"]);
    }

    private Task<MessagingHost> Start(Action<WolverineOptions>? configure = null) =>
        MessagingHost.Start(database, seen, typeof(Fires), configure, time);

    public sealed record Due(string Name);

    public static class Fires
    {
        public static void Handle(Due due, Seen seen) => seen.Add(due.Name);
    }
}
