using Billing.Testbed;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Wolverine;
using Wolverine.Attributes;
using Wolverine.RDBMS;
using Wolverine.Runtime;

namespace Billing.StandIns.Tests.Messaging;

[Parallelizable(ParallelScope.Children)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class OutboxTests
{
    private readonly Seen seen = new();
    private MessageDatabase database = null!;

    [SetUp]
    public async Task Prepare() => database = await MessageDatabase.Create();

    [TearDown]
    public async Task Remove() => await database.DisposeAsync();

    [Test]
    public async Task a_message_of_a_transaction_that_rolls_back_is_never_handled()
    {
        await using (var host = await Start())
        {
            await using (var connection = await database.Source.OpenConnectionAsync())
            await using (var transaction = await connection.BeginTransactionAsync())
            {
                var context = await host.Within(transaction);
                await context.PublishAsync(new Said("undone"));
                await context.ScheduleAsync(new Said("undone later"), TimeSpan.FromMilliseconds(1));
                await transaction.RollbackAsync();
            }

            await host.Bus.PublishAsync(new Said("kept"));
            await seen.Has("kept");
            await database.AllHandled();
        }

        seen.Words.ShouldBe(["kept"]);
        (await database.Messages()).ShouldBe(1);
    }

    [Test]
    public async Task a_message_after_the_end_of_its_transaction_is_refused()
    {
        await using var host = await Start();
        foreach (var commits in (bool[])[true, false])
        {
            await using var connection = await database.Source.OpenConnectionAsync();
            await using var transaction = await connection.BeginTransactionAsync();
            var context = await host.Within(transaction);
            if (commits) await transaction.CommitAsync();
            else await transaction.RollbackAsync();

            await Should.ThrowAsync<InvalidOperationException>(
                () => context.PublishAsync(new Said("too late")).AsTask());
        }

        (await database.Messages()).ShouldBe(0);
    }

    [Test]
    public async Task a_message_is_handled_when_its_transaction_has_committed_and_not_before()
    {
        await using var host = await Start();
        await using var connection = await database.Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var context = await host.Within(transaction);
        await context.PublishAsync(new Said("together"));
        await new NpgsqlCommand("insert into notes values (7)", connection).ExecuteNonQueryAsync();
        (await database.Unhandled()).ShouldBe(0);
        seen.Words.ShouldBeEmpty();

        await transaction.CommitAsync();
        await context.FlushOutgoingMessagesAsync();

        await seen.Has("together");
        await database.AllHandled();
        (await database.Count("notes")).ShouldBe(1);
    }

    [Test]
    public async Task a_process_that_dies_between_commit_and_release_loses_nothing()
    {
        await using (var dying = await Start())
        {
            await using var connection = await database.Source.OpenConnectionAsync();
            await using var transaction = await connection.BeginTransactionAsync();
            await (await dying.Within(transaction)).PublishAsync(new Said("survives"));
            await transaction.CommitAsync();
            await dying.Abort();
            await database.DeclareAllDead();
        }

        seen.Words.ShouldBeEmpty();
        await using var next = await Start();
        await seen.Has("survives");
        await database.AllHandled();
    }

    [Test]
    public async Task a_commit_that_is_never_followed_by_a_release_is_noticed()
    {
        await using var host = await Start(options =>
            options.Durability.Patience = TimeSpan.FromMilliseconds(200));
        await using var connection = await database.Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        // The writer's transactions are ended after some idle seconds, which this one may need.
        await new NpgsqlCommand("set local idle_in_transaction_session_timeout = 0", connection)
            .ExecuteNonQueryAsync();
        await (await host.Within(transaction)).PublishAsync(new Said("forgotten"));

        // Longer than the patience: it is taken for rolled back, and found again when it was not.
        await Eventually.Is(() => host.Remembered == 0);
        await transaction.CommitAsync();

        await seen.Has("forgotten");
        await database.AllHandled();
        seen.Words.ShouldBe(["forgotten"]);
    }

    [Test]
    public async Task what_a_handler_sends_is_kept_or_lost_with_the_handler()
    {
        await using var host = await Start(type: typeof(Cascades));

        await host.Bus.PublishAsync(new Begin("several"));
        await host.Bus.PublishAsync(new Begin("fails"));

        await seen.Has("first several", "second several", "later several", "by bus several");
        await Eventually.Is(async () => await database.DeadLetters() == 1);
        await database.AllHandled();
        seen.Words.ShouldNotContain(word => word.EndsWith(" fails", StringComparison.Ordinal));
        (await database.Ask<string>(
            "select convert_from(body, 'UTF8')::json->>'headers' from wolverine_incoming_envelopes "
            + "where message_type = 'test.second'")).ShouldBe("""{"why":"test"}""");
    }

    [Test]
    public async Task a_handler_that_rolls_its_own_transaction_back_sends_nothing_from_it()
    {
        await using var host = await Start(type: typeof(Undecided));

        await host.Bus.PublishAsync(new Decide("no"));
        await host.Bus.PublishAsync(new Decide("yes"));
        await host.Bus.PublishAsync(new Decide("yes, unreleased"));

        await seen.Has("yes", "yes, unreleased");
        await database.AllHandled();
        seen.Words.Order().ShouldBe(["yes", "yes, unreleased"]);
    }

    [Test]
    public async Task messages_are_stored_by_their_alias_as_readable_json()
    {
        await using var host = await Start(type: typeof(Waits));
        await host.Bus.PublishAsync(new Wait(1), new() { TenantId = "t-1" });

        (await database.Ask<string>(
            """
            select message_type || ' ' || received_at || ' '
                || (convert_from(body, 'UTF8')::json->'message')::text
                || ' ' || (convert_from(body, 'UTF8')::json->>'tenant')
            from wolverine_incoming_envelopes
            """)).ShouldBe("""test.wait local://test.wait/ {"Number":1} t-1""");
        seen.Gate.SetResult();
    }

    [Test]
    public async Task handled_messages_are_forgotten_after_their_time()
    {
        var time = new VirtualTime(new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero));
        await using var host = await Start(options =>
            options.Durability.HandledMessageCleanupPollingTime = TimeSpan.FromMilliseconds(50), time: time);
        await host.Bus.PublishAsync(new Said("once"));
        await seen.Has("once");
        await Eventually.Is(async () =>
            await database.Messages("status = 'Handled'") == 1);

        time.Advance(TimeSpan.FromMinutes(5));

        await Eventually.Is(async () => await database.Messages() == 0);
    }

    private Task<MessagingHost> Start(
        Action<WolverineOptions>? configure = null, Type? type = null, TimeProvider? time = null) =>
        MessagingHost.Start(database, seen, type ?? typeof(Hears), options =>
        {
            options.Services.AddSingleton(database.Source);
            configure?.Invoke(options);
        }, time);

    public sealed record Said(string Word);

    public static class Hears
    {
        public static void Handle(Said said, Seen seen) =>
            seen.Add(said.Word);
    }

    public sealed record Begin(string What);

    [MessageIdentity("test.first")]
    public sealed record First(string What);

    [MessageIdentity("test.second")]
    public sealed record Second(string What);

    public sealed record Later(string What);

    public sealed record ByBus(string What);

    public static class Cascades
    {
        public static async Task<(First, OutgoingMessages, object?)> Handle(Begin begin, IMessageBus bus)
        {
            await bus.PublishAsync(new ByBus(begin.What));
            OutgoingMessages messages = [];
            messages.Add(new Second(begin.What), new DeliveryOptions().WithHeader("why", "test"));
            messages.Delay(new Later(begin.What), TimeSpan.FromMilliseconds(20));

            return begin.What == "fails"
                ? throw new InvalidOperationException("as asked")
                : (new First(begin.What), messages, null);
        }

        public static void Handle(First first, Seen seen) => seen.Add($"first {first.What}");

        public static void Handle(Second second, Seen seen) =>
            seen.Add($"second {second.What}");

        public static void Handle(Later later, Seen seen) => seen.Add($"later {later.What}");

        public static void Handle(ByBus sent, Seen seen) => seen.Add($"by bus {sent.What}");
    }

    public sealed record Decide(string Answer);

    public static class Undecided
    {
        public static async Task Handle(
            Decide decide, NpgsqlDataSource source, MessageContext context, CancellationToken cancellation)
        {
            await using var connection = await source.OpenConnectionAsync(cancellation);
            await using var transaction = await connection.BeginTransactionAsync(cancellation);
            await context.EnlistInOutboxAsync(
                new DatabaseEnvelopeTransaction((IMessageDatabase)context.Storage, transaction));
            await context.PublishAsync(new Said(decide.Answer));
            if (decide.Answer == "no") return;

            await transaction.CommitAsync(cancellation);
            if (decide.Answer == "yes") await context.FlushOutgoingMessagesAsync();
        }

        public static void Handle(Said said, Seen seen) =>
            seen.Add(said.Word);
    }

    [MessageIdentity("test.wait")]
    public sealed record Wait(int Number);

    public static class Waits
    {
        public static Task Handle(Wait wait, Seen seen) =>
            seen.Gate.Task;
    }
}
