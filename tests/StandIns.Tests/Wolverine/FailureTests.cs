using Billing.Testbed;
using Wolverine;
using Wolverine.Attributes;
using Wolverine.ErrorHandling;
using Wolverine.Runtime.Handlers;

namespace Billing.StandIns.Tests.Messaging;

[Parallelizable(ParallelScope.Children)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class FailureTests
{
    private static readonly DateTimeOffset start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Seen seen = new();
    private readonly VirtualTime time = new(start);
    private MessageDatabase database = null!;

    [SetUp]
    public async Task Prepare() => database = await MessageDatabase.Create();

    [TearDown]
    public async Task Remove() => await database.DisposeAsync();

    [Test]
    public async Task without_a_rule_the_first_failure_is_the_last()
    {
        await using var host = await Start();
        await host.Bus.PublishAsync(new Fragile(99));

        await Dead(1);
        seen.Words.ShouldBe(["attempt 1"]);
        (await Letter("exception_type")).ShouldBe("System.TimeoutException");
        (await Letter("exception_message")).ShouldBe("too slow");
        (await Letter("received_at")).ShouldContain("fragile");
        (await Letter("source")).ShouldBe("StandIns.Tests");
    }

    [TestCase(2, true, "attempt 1|attempt 2|attempt 3|done")]
    [TestCase(3, true, "attempt 1|attempt 2|attempt 3|attempt 4|done")]
    [TestCase(4, false, "attempt 1|attempt 2|attempt 3|attempt 4")]
    public async Task retries_are_used_up_in_their_order(int failures, bool succeeds, string expected)
    {
        await using var host = await Start(options => options.OnException<TimeoutException>()
            .RetryOnce().Then.RetryWithCooldown(TimeSpan.FromMilliseconds(5)).Then.Requeue(2));
        await host.Bus.PublishAsync(new Fragile(failures));

        if (!succeeds) await Dead(1);
        await database.AllHandled();
        seen.Words.ShouldBe(expected.Split('|'));
    }

    [Test]
    public async Task a_scheduled_retry_is_stored_and_survives_the_process()
    {
        await using (var host = await Start(Later))
        {
            await host.Bus.PublishAsync(new Fragile(2));
            await Eventually.Is(async () => await Scheduled() == 1);
            await host.Abort();
        }

        time.Advance(TimeSpan.FromMinutes(1));
        await using var next = await Start(Later);
        await seen.Has("attempt 2");
        await Eventually.Is(async () => await Scheduled() == 1);
        seen.Words.ShouldBe(["attempt 1", "attempt 2"]);

        time.Advance(TimeSpan.FromHours(1));
        await seen.Has("done");
        await database.AllHandled();

        static void Later(WolverineOptions options) => options.OnException<TimeoutException>()
            .ScheduleRetry(TimeSpan.FromMinutes(1), TimeSpan.FromHours(1));
    }

    [Test]
    public async Task a_retry_for_ever_keeps_the_last_pause()
    {
        await using var host = await Start(options => options.OnException<TimeoutException>()
            .ScheduleRetryIndefinitely(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1)));
        await host.Bus.PublishAsync(new Fragile(6));

        for (var attempt = 1; attempt <= 6; attempt++)
        {
            await seen.Has($"attempt {attempt}");
            await Eventually.Is(async () => await Scheduled() == 1);
            time.Advance(TimeSpan.FromMinutes(1));
        }

        await seen.Has("done");
        await database.AllHandled();
        (await database.DeadLetters()).ShouldBe(0);
    }

    [Test]
    public async Task the_first_rule_that_fits_decides()
    {
        await using var host = await Start(options =>
        {
            options.OnException<TimeoutException>(failure => failure.Message == "other").Discard();
            options.OnException<InvalidOperationException>().Or<TimeoutException>()
                .RetryTimes(2).Then.Discard();
            options.OnAnyException().MoveToErrorQueue();
        });
        await host.Bus.PublishAsync(new Fragile(99));

        await Eventually.Is(() => seen.Words.Count == 3);
        await database.AllHandled();
        (await database.DeadLetters()).ShouldBe(0);
    }

    [Test]
    public async Task what_the_handler_says_of_itself_comes_first()
    {
        await using var host = await Start(options => options.OnAnyException().Discard());
        await host.Bus.PublishAsync(new Particular("by method"));
        await host.Bus.PublishAsync(new Particular("by attribute"));

        await Dead(2);
        seen.Words.Order().ShouldBe(["by attribute", "by method", "by method"]);
    }

    [Test]
    public async Task the_number_of_attempts_may_be_said_on_the_message()
    {
        await using var host = await Start();
        await host.Bus.PublishAsync(new Thrice());

        await Dead(1);
        seen.Words.ShouldBe(["thrice", "thrice", "thrice"]);
    }

    [Test]
    public async Task a_dead_letter_that_is_marked_replayable_is_handled_again()
    {
        await using var host = await Start();
        await host.Bus.PublishAsync(new Fragile(1));
        await Dead(1);

        await database.Do(
            "update wolverine_dead_letters set replayable = true");

        await seen.Has("attempt 1", "done");
        await database.AllHandled();
        (await database.DeadLetters()).ShouldBe(0);
    }

    [TestCase("update wolverine_incoming_envelopes set body = 'x'", "cannot be read")]
    [TestCase("update wolverine_incoming_envelopes set message_type = 'gone'", "Nobody handles gone")]
    [TestCase(
        """
        update wolverine_incoming_envelopes
        set body = replace(convert_from(body, 'UTF8'), '"Failures":1', '"Failures":"x"')::bytea
        """,
        "could not be converted")]
    public async Task what_cannot_be_read_is_a_dead_letter(string damage, string reason)
    {
        await using var host = await Start();
        await host.Bus.ScheduleAsync(new Fragile(1), TimeSpan.FromDays(1));
        await database.Do(damage);
        time.Advance(TimeSpan.FromDays(1));

        await Dead(1);
        (await Letter("exception_message")).ShouldContain(reason);
        await database.AllHandled();
    }

    [Test]
    public async Task a_handler_that_takes_too_long_is_canceled()
    {
        await using var host = await Start(options =>
            options.DefaultExecutionTimeout = TimeSpan.FromMilliseconds(50));
        await host.Bus.PublishAsync(new Endless());

        await Dead(1);
        (await Letter("exception_type")).ShouldBe("System.Threading.Tasks.TaskCanceledException");
    }

    [Test]
    public async Task nothing_is_lost_while_the_database_goes_away_again_and_again()
    {
        const int Count = 100;
        await using var host = await Start(options => options.OnAnyException().ScheduleRetryIndefinitely(
            TimeSpan.Zero));
        using var hammer = new CancellationTokenSource();
        var broken = 0L;
        var breaking = Task.Run(async () =>
        {
            while (!hammer.IsCancellationRequested)
            {
                broken += await database.Ask<long>(
                    $"""
                    select count(pg_terminate_backend(pid)) from pg_stat_activity
                    where application_name = '{database.Schema}'
                    """);
                await Task.Delay(40);
            }
        });

        await Eventually.Is(() => Interlocked.Read(ref broken) > 0);
        var sent = new List<int>();
        for (var number = 0; number < Count; number++)
            try
            {
                await host.Bus.PublishAsync(new Counted(number));
                sent.Add(number);
            }
            catch (Npgsql.NpgsqlException)
            {
                // Said so; the caller knows that it may not be stored.
            }

        await hammer.CancelAsync();
        await breaking;
        await Eventually.Is(() => sent.All(number => seen.Words.Contains($"{number}")));
        await database.AllHandled();
        broken.ShouldBeGreaterThan(0);
    }

    private async Task<string> Letter(string column) => await database.Ask<string>(
        $"select {column} from wolverine_dead_letters");

    private Task Dead(int count) => Eventually.Is(
        async () => await database.DeadLetters() == count, what: $"{count} dead letters");

    private Task<long> Scheduled() =>
        database.Messages("status = 'Scheduled'");

    private Task<MessagingHost> Start(Action<WolverineOptions>? configure = null) =>
        MessagingHost.Start(database, seen, typeof(Fails), configure, time);

    /// <summary>Fails so often, by its own count of attempts.</summary>
    public sealed record Fragile(int Failures);

    public sealed record Particular(string How);

    [MaximumAttempts(3)]
    public sealed record Thrice;

    public sealed record Endless;

    public sealed record Counted(int Number);

    public static class Fails
    {
        public static void Configure(HandlerChain chain) =>
            chain.OnException<ArgumentException>(failure => failure.Message == "by method")
                .RetryOnce().Then.MoveToErrorQueue();

        public static void Handle(Fragile fragile, Envelope envelope, Seen seen)
        {
            var before = seen.Words.Count(word => word.StartsWith("attempt", StringComparison.Ordinal));
            if (before >= fragile.Failures)
            {
                if (fragile.Failures > 1) seen.Add($"attempt {envelope.Attempts}");
                seen.Add("done");
                return;
            }

            seen.Add($"attempt {envelope.Attempts}");
            throw new TimeoutException("too slow");
        }

        [MoveToErrorQueueOn(typeof(DivideByZeroException))]
        public static Task Handle(Particular particular, Seen seen)
        {
            seen.Add(particular.How);
            throw particular.How == "by method"
                ? new ArgumentException("by method") : new DivideByZeroException();
        }

        public static ValueTask Handle(Thrice thrice, Seen seen)
        {
            seen.Add("thrice");
            throw new TimeoutException("again");
        }

        public static Task Handle(Endless endless, CancellationToken cancellation) =>
            Task.Delay(Timeout.Infinite, cancellation);

        public static void Handle(Counted counted, Seen seen) => seen.Add($"{counted.Number}");
    }
}
