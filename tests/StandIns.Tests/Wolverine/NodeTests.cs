using Billing.Testbed;
using Wolverine;

namespace Billing.StandIns.Tests.Messaging;

[Parallelizable(ParallelScope.Children)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class NodeTests
{
    private readonly Seen seen = new();
    private MessageDatabase database = null!;

    [SetUp]
    public async Task Prepare() => database = await MessageDatabase.Create();

    [TearDown]
    public async Task Remove() => await database.DisposeAsync();

    [Test]
    public async Task what_a_dead_process_had_begun_or_kept_waiting_another_one_handles()
    {
        await using (var dying = await Start(new Seen(), OneByOne))
        {
            // The first never ends, the others wait behind it.
            await Send(dying, 5);
            await dying.Abort();
        }

        (await database.Count("wolverine_nodes")).ShouldBe(1);
        seen.Gate.SetResult();
        await using var next = await Start(seen, options =>
        {
            OneByOne(options);
            options.Durability.StaleNodeTimeout = TimeSpan.FromSeconds(1);
        });

        await database.AllHandled();
        seen.Words.ShouldBe(["0", "1", "2", "3", "4"]);
        (await database.Count("wolverine_nodes")).ShouldBe(1);
    }

    [Test]
    public async Task a_single_process_takes_over_at_once_what_it_left_behind()
    {
        await using (var dying = await Start(new Seen(), Solo))
        {
            await dying.Bus.PublishAsync(new Work(1, Waits: true));
            await dying.Abort();
        }

        seen.Gate.SetResult();
        await using var next = await Start(seen, Solo);
        await seen.Has("1");
        await database.AllHandled();

        static void Solo(WolverineOptions options)
        {
            options.Durability.Mode = DurabilityMode.Solo;
            options.Durability.StaleNodeTimeout = TimeSpan.FromHours(1);
        }
    }

    [Test]
    public async Task two_living_processes_never_handle_the_same_message()
    {
        const int Count = 200;
        seen.Gate.SetResult();
        await using var one = await Start(seen);
        await using var two = await Start(seen);
        await Task.WhenAll(Send(one, 0), Send(two, Count));
        await database.AllHandled();

        seen.Words.Count.ShouldBe(2 * Count);
        seen.Words.Distinct().Count().ShouldBe(2 * Count);

        static async Task Send(MessagingHost host, int from)
        {
            for (var number = from; number < from + Count; number++)
                await host.Bus.PublishAsync(new Work(number, Waits: false));
        }
    }

    [Test]
    public async Task a_process_that_was_declared_dead_lets_go_of_what_it_has_not_begun_and_joins_again()
    {
        var slow = new Seen();
        await using var declared = await Start(slow, options =>
        {
            // It would take its own messages again, and does with luck.
            options.Durability.DurabilityAgentEnabled = false;
            OneByOne(options);
        });
        await Send(declared, 3);
        await Eventually.Is(() => slow.Words.Contains("began 0"));

        seen.Gate.SetResult();
        await using var other = await Start(seen);
        var before = declared.NodeNumber;
        await database.Do(
            $"delete from wolverine_nodes where node_number = {before}");

        // All three are the other one's now; the first was begun by both, which no storage can prevent.
        await seen.Has("0", "1", "2");
        await Eventually.Is(() => declared.NodeNumber != before);
        slow.Gate.SetResult();
        await declared.Bus.PublishAsync(new Work(3, Waits: false));
        await Eventually.Is(() => slow.Words.Contains("3"));

        await database.AllHandled();
        slow.Words.ShouldBe(["began 0", "0", "3"]);
    }

    [Test]
    public async Task a_stop_waits_for_what_is_being_handled_and_leaves_the_rest_to_the_next()
    {
        var first = new Seen();
        await using var stopping = await Start(first, OneByOne);
        await Send(stopping, 3);
        await Eventually.Is(() => first.Words.Contains("began 0"));

        var stopped = stopping.Stop();
        stopped.IsCompleted.ShouldBeFalse();
        first.Gate.SetResult();
        await stopped;
        first.Words.ShouldBe(["began 0", "0"]);
        (await database.Count("wolverine_nodes")).ShouldBe(0);
        (await database.Messages("owner_id = 0 and status = 'Incoming'"))
            .ShouldBe(2);

        seen.Gate.SetResult();
        await using var next = await Start(seen);
        await seen.Has("1", "2");
        await database.AllHandled();
        seen.Words.ShouldNotContain("0");
    }

    [Test]
    public async Task a_stop_does_not_wait_for_ever([Values] bool handlerListens)
    {
        await using var stopping = await Start(
            seen, options => options.Durability.DrainTimeout = TimeSpan.FromMilliseconds(100));
        await stopping.Bus.PublishAsync(new Work(1, Waits: true, Listens: handlerListens));
        await Eventually.Is(() => seen.Words.Contains("began 1"));

        await stopping.Stop();
        seen.Gate.SetResult();

        (await database.Messages("owner_id = 0 and status = 'Incoming'"))
            .ShouldBe(1);
    }

    [Test]
    public async Task what_a_killed_program_had_sent_the_next_one_handles()
    {
        // More than it handles until the test has noticed the first of them.
        const int Count = 500;
        string[] arguments = ["messages", database.Writer, database.Schema, $"{Count}"];
        await using (var killed = OwnedProcess.Start(Programs.Path("tests/SampleHost"), arguments))
        {
            await Eventually.Is(async () => await database.Count("notes") >= 20, what: killed.ToString());
            await killed.Kill();
        }

        var sent = await database.Messages();
        var unhandled = await database.Unhandled();
        unhandled.ShouldBeGreaterThan(0);

        // It waits for the dead one's time out, which the program leaves at a minute: no need to.
        await database.DeclareAllDead();
        await using var next = OwnedProcess.Start(
            Programs.Path("tests/SampleHost"), ["messages", database.Writer, database.Schema, "0"]);

        await database.AllHandled();
        // What the server still had of the killed one may have been committed after it was counted.
        var handled = await database.Ask<long>("select count(distinct number) from notes");
        handled.ShouldBe(await database.Messages());
        handled.ShouldBeGreaterThanOrEqualTo(sent);
    }

    private static void OneByOne(WolverineOptions options) => options.LocalQueueFor<Work>().Sequential();

    private static async Task Send(MessagingHost host, int count)
    {
        for (var number = 0; number < count; number++)
            await host.Bus.PublishAsync(new Work(number, Waits: true));
    }

    private Task<MessagingHost> Start(Seen whose, Action<WolverineOptions>? configure = null) =>
        MessagingHost.Start(database, whose, typeof(Works), configure);

    public sealed record Work(int Number, bool Waits, bool Listens = true);

    public static class Works
    {
        public static async Task Handle(Work work, Seen seen, CancellationToken cancellation)
        {
            if (!seen.Gate.Task.IsCompleted) seen.Add($"began {work.Number}");
            if (work.Waits) await seen.Gate.Task.WaitAsync(work.Listens ? cancellation : default);
            seen.Add($"{work.Number}");
        }
    }
}
