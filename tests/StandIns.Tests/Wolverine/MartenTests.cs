using Billing.Testbed;
using JasperFx.Events;
using Marten;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Wolverine;
using Wolverine.Attributes;
using Wolverine.ErrorHandling;
using Wolverine.Marten;
using Wolverine.Runtime.Handlers;

namespace Billing.StandIns.Tests.Messaging;

[Parallelizable(ParallelScope.Children)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class MartenTests
{
    private readonly Seen seen = new();
    private MessageDatabase database = null!;
    private NpgsqlDataSource owner = null!;

    [SetUp]
    public async Task Prepare()
    {
        database = await MessageDatabase.Create();
        owner = NpgsqlDataSource.Create(database.Database.Owner);
    }

    [TearDown]
    public async Task Remove()
    {
        await owner.DisposeAsync();
        await database.DisposeAsync();
    }

    [Test]
    public async Task a_session_and_its_messages_are_kept_or_lost_together()
    {
        await using var host = await Start();
        var store = host.Services.GetRequiredService<IDocumentStore>();
        foreach (var saves in (bool[])[false, true])
        {
            await using var scope = host.Services.CreateAsyncScope();
            var outbox = scope.ServiceProvider.GetRequiredService<IMartenOutbox>();
            await using var session = store.LightweightSession();
            outbox.Enroll(session);
            await session.BeginTransactionAsync(default);
            await using (var guard = new NpgsqlCommand(
                $"insert into {database.Schema}.notes values (1)", session.Connection))
                await guard.ExecuteNonQueryAsync();

            session.Events.Append("account", new Booked(saves ? 10 : 1));
            await outbox.PublishAsync(new Booking("told", saves ? 10 : 1));
            await outbox.ScheduleAsync(
                new Booking("told later", saves ? 20 : 2), TimeSpan.FromMilliseconds(1));
            (await database.Messages()).ShouldBe(0);
            if (saves) await session.SaveChangesAsync();
        }

        await seen.Has("told 10", "told later 20");
        await database.AllHandled();
        seen.Words.Count.ShouldBe(2);
        (await Amounts("account")).ShouldBe([10m]);
        (await database.Count("notes")).ShouldBe(1);
    }

    [Test]
    public async Task an_outbox_goes_with_the_session_of_its_scope_and_with_each_of_its_saves()
    {
        await using var host = await Start();
        await using (var scope = host.Services.CreateAsyncScope())
        {
            var session = scope.ServiceProvider.GetRequiredService<IDocumentSession>();
            var outbox = scope.ServiceProvider.GetRequiredService<IMartenOutbox>();
            outbox.Session.ShouldBeSameAs(session);
            for (var number = 1; number <= 2; number++)
            {
                session.Events.Append("account", new Booked(number));
                await outbox.SendAsync(new Booking("told", number));
                await session.SaveChangesAsync();
            }

            await outbox.SendAsync(new Booking("told", 3));
        }

        await seen.Has("told 1", "told 2");
        await database.AllHandled();
        seen.Words.Count.ShouldBe(2);
    }

    [Test]
    public async Task a_save_that_fails_sends_nothing()
    {
        await using var host = await Start();
        await using var scope = host.Services.CreateAsyncScope();
        var session = scope.ServiceProvider.GetRequiredService<IDocumentSession>();
        session.Events.Append("account", expectedVersion: 5, new Booked(1));
        await scope.ServiceProvider.GetRequiredService<IMartenOutbox>().SendAsync(new Booking("told", 1));

        await Should.ThrowAsync<Exception>(() => session.SaveChangesAsync());

        await host.Bus.PublishAsync(new Booking("told", 2));
        await seen.Has("told 2");
        (await database.Messages()).ShouldBe(1);
    }

    [Test]
    public async Task a_transactional_handler_is_one_commit_with_what_it_sends_and_that_it_is_done()
    {
        await using var host = await Start();
        await host.Bus.PublishAsync(new Book("a", 5, Fails: false));
        await host.Bus.PublishAsync(new Book("b", 6, Fails: true));

        await seen.Has("told 5", "cascaded 5", "by outbox 5");
        await Eventually.Is(async () => await database.DeadLetters() == 1);
        await database.AllHandled();
        seen.Words.Count.ShouldBe(3);
        (await Amounts("a")).ShouldBe([5m]);
        (await Amounts("b")).ShouldBeEmpty();

        // One transaction wrote the event, the message that the handler sent, and "handled".
        (await database.Ask<bool>(
            $"""
            select (select xmin from mt_events limit 1) = (
                select xmin from wolverine_incoming_envelopes where message_type like '%.Book')
            """)).ShouldBeTrue();
    }

    [Test]
    public async Task a_commit_that_loses_a_race_is_tried_again_from_the_start()
    {
        const int Count = 24;
        await using var host = await Start(options =>
        {
            options.LocalQueueFor<Book>().MaximumParallelMessages(4);
            options.OnException<JasperFx.ConcurrencyException>().RetryTimes(50);
        });
        for (var number = 0; number < Count; number++)
            await host.Bus.PublishAsync(new Book("contended", 1, Fails: false));

        await database.AllHandled();
        (await Amounts("contended")).Count.ShouldBe(Count);
        seen.Words.Count.ShouldBe(3 * Count);
        (await database.DeadLetters()).ShouldBe(0);
    }

    [Test]
    public async Task a_process_that_dies_after_the_commit_does_not_do_it_again()
    {
        await using (var dying = await Start(other: new Seen()))
        {
            await dying.Bus.PublishAsync(new Book("a", 5, Fails: false));
            await Eventually.Is(async () => await database.Messages("status = 'Handled'") >= 1);
            await dying.Abort();
            await database.DeclareAllDead();
        }

        await using var next = await Start();
        await database.AllHandled();
        (await Amounts("a")).ShouldBe([5m]);
    }

    [Test]
    public async Task a_process_that_is_taken_for_dead_in_the_middle_does_not_commit()
    {
        var slow = new Seen();
        await using var declared = await Start(
            options => options.Durability.DurabilityAgentEnabled = false, slow);
        await declared.Bus.PublishAsync(new Slow("a", 5));
        await Eventually.Is(() => slow.Words.Contains("began 5"));

        seen.Gate.SetResult();
        await using var other = await Start();
        var before = declared.NodeNumber;
        await database.Do($"delete from wolverine_nodes where node_number = {before}");
        await seen.Has("began 5", "told 5");
        slow.Gate.SetResult();
        // Until it has joined again, what it publishes is the other one's as well.
        await Eventually.Is(() => declared.NodeNumber != before);
        await declared.Bus.PublishAsync(new Booking("after", 1));
        await Eventually.Is(() => slow.Words.Contains("after 1"));

        await database.AllHandled();
        (await Amounts("a")).ShouldBe([5m]);
        slow.Words.ShouldNotContain("told 5");
    }

    [Test]
    public async Task every_handler_with_a_session_is_transactional_if_the_policy_says_so()
    {
        await using var host = await Start(options => options.Policies.AutoApplyTransactions());
        await host.Bus.InvokeAsync(new Plain("a", 7));

        await seen.Has("told 7");
        (await Amounts("a")).ShouldBe([7m]);
    }

    [Test]
    public void a_transactional_handler_without_a_session_is_refused_when_the_host_starts() =>
        Should.Throw<InvalidHandlerException>(() => MessagingHost.Start(database, seen, typeof(Sessionless)))
            .Message.ShouldContain("takes no session");

    private async Task<IReadOnlyList<decimal>> Amounts(string stream)
    {
        await using var command = owner.CreateCommand(
            $"""
            select (data->>'Amount')::numeric from {database.Schema}.mt_events
            where stream_id = '{stream}' order by seq_id
            """);
        await using var rows = await command.ExecuteReaderAsync();
        var amounts = new List<decimal>();
        while (await rows.ReadAsync()) amounts.Add(rows.GetDecimal(0));

        return amounts;
    }

    private async Task<MessagingHost> Start(Action<WolverineOptions>? configure = null, Seen? other = null)
    {
        var host = await MessagingHost.Start(database, other ?? seen, typeof(Books), options =>
        {
            options.Services.AddMarten(marten =>
            {
                marten.Connection(owner);
                marten.DatabaseSchemaName = database.Schema;
                marten.Events.StreamIdentity = StreamIdentity.AsString;
            }).UseLightweightSessions().IntegrateWithWolverine();
            configure?.Invoke(options);
        }, storedByMarten: true);
        var store = host.Services.GetRequiredService<IDocumentStore>();
        await store.Storage.ApplyAllConfiguredChangesToDatabaseAsync();

        return host;
    }

    public sealed record Booked(decimal Amount);

    public sealed record Book(string Account, decimal Amount, bool Fails);

    public sealed record Slow(string Account, decimal Amount);

    public sealed record Plain(string Account, decimal Amount);

    public sealed record Booking(string Word, decimal Amount);

    public sealed record Cascaded(decimal Amount);

    public static class Books
    {
        [Transactional]
        public static async Task<Cascaded> Handle(
            Book book, IDocumentSession session, IMessageBus bus, IMartenOutbox outbox,
            CancellationToken cancellation)
        {
            var state = await session.Events.FetchStreamStateAsync(book.Account, cancellation);
            session.Events.Append(book.Account, (state?.Version ?? 0) + 1, new Booked(book.Amount));
            await bus.PublishAsync(new Booking("told", book.Amount));
            await outbox.PublishAsync(new Booking("by outbox", book.Amount));

            return book.Fails ? throw new InvalidOperationException("as asked") : new(book.Amount);
        }

        [Transactional]
        public static async Task<Booking> Handle(
            Slow slow, IDocumentSession session, Seen seen, CancellationToken cancellation)
        {
            session.Events.Append(slow.Account, new Booked(slow.Amount));
            seen.Add($"began {slow.Amount}");
            await seen.Gate.Task.WaitAsync(cancellation);

            return new("told", slow.Amount);
        }

        public static Booking Handle(Plain plain, IDocumentOperations operations)
        {
            operations.Events.Append(plain.Account, new Booked(plain.Amount));
            return new("told", plain.Amount);
        }

        public static void Handle(Booking booking, Seen seen) => seen.Add($"{booking.Word} {booking.Amount}");

        public static void Handle(Cascaded cascaded, Seen seen) => seen.Add($"cascaded {cascaded.Amount}");
    }

    public static class Sessionless
    {
        [Transactional]
        public static void Handle(Book book) => throw new InvalidOperationException();
    }
}
