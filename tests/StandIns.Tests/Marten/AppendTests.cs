using Billing.Testbed;
using JasperFx;
using JasperFx.Events;
using Marten;
using Marten.Exceptions;
using Marten.Services;
using Npgsql;

namespace Billing.StandIns.Tests.Marten;

public class AppendTests
{
    private DocumentStore store = null!;

    [SetUp]
    public void NewStore() => store = Stores.New();

    [TearDown]
    public void Close() => store.Dispose();

    [Test]
    public async Task many_streams_are_appended_to_in_one_save_and_numbered_in_order()
    {
        await store.Append("b", new Counted(1));
        await using var session = store.LightweightSession();
        var started = session.Events.StartStream("z", new Counted(1), new Renamed("x"));
        var appended = session.Events.Append("b", new Counted(2), new Counted(3));
        var made = session.Events.Append("a", new Counted(4));
        await session.SaveChangesAsync();

        (started.Version, appended.Version, made.Version).ShouldBe((2, 3, 1));
        IEvent[] all = [.. started.Events, .. appended.Events, .. made.Events];
        all.Select(e => e.Version).ShouldBe([1, 2, 2, 3, 1]);
        all.Select(e => e.Sequence).ShouldBe([2, 3, 4, 5, 6]);
        (await store.Events("b")).Select(e => ((Counted)e.Data).Amount).ShouldBe([1, 2, 3]);
    }

    [Test]
    public async Task an_event_keeps_the_id_headers_and_time_it_was_given()
    {
        var (id, at) = (Guid.CreateVersion7(),
            new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.FromHours(2)));
        await using (var session = store.LightweightSession())
        {
            session.SetHeader("actor", "ops");
            var e = session.Events.BuildEvent(new Counted(7));
            e.Id = id;
            e.Timestamp = at;
            e.SetHeader("reason", "test");
            session.Events.Append("s", e);
            await session.SaveChangesAsync();
        }

        await using var query = store.QuerySession();
        var read = (await query.Events.LoadAsync<Counted>(id))!;
        read.Data.ShouldBe(new Counted(7));
        (read.Id, read.Timestamp, read.StreamKey, read.Version).ShouldBe((id, at, "s", 1));
        (read.EventTypeName, read.Sequence).ShouldBe(("counted", 1));
        read.GetHeader("actor")!.ToString().ShouldBe("ops");
        read.GetHeader("reason")!.ToString().ShouldBe("test");
        (await query.Events.LoadAsync<Renamed>(id)).ShouldBeNull();
        (await query.Events.LoadAsync(Guid.NewGuid())).ShouldBeNull();
    }

    [Test]
    public async Task a_stream_is_started_once()
    {
        await store.Append("s", new Counted(1));
        await using var session = store.LightweightSession();
        session.Events.Append("other", new Counted(1));
        session.Events.StartStream<Counter>("s", new Counted(2));

        var failure = await Should.ThrowAsync<ExistingStreamIdCollisionException>(
            () => session.SaveChangesAsync());

        (failure.Id, failure.AggregateType).ShouldBe(("s", typeof(Counter)));
        (await store.Events("other")).ShouldBeEmpty();
        (await store.Events("s")).Count.ShouldBe(1);
    }

    [TestCase(2, 1, true, TestName = "the_expected_version_is_the_one_after_the_append_of_one")]
    [TestCase(3, 2, true, TestName = "the_expected_version_is_the_one_after_the_append_of_two")]
    [TestCase(1, 1, false, TestName = "an_expected_version_that_is_behind_is_refused")]
    [TestCase(3, 1, false, TestName = "an_expected_version_that_is_ahead_is_refused")]
    public async Task expected_versions(long expected, int count, bool fits)
    {
        await store.Append("s", new Counted(1));
        await using var session = store.LightweightSession();
        session.Events.Append("s", expected, Enumerable.Repeat<object>(new Counted(2), count));
        if (fits)
        {
            await session.SaveChangesAsync();
            (await store.Events("s"))[^1].Version.ShouldBe(expected);
            return;
        }

        var failure =
            await Should.ThrowAsync<EventStreamUnexpectedMaxEventIdException>(
                () => session.SaveChangesAsync());
        failure.ShouldBeAssignableTo<ConcurrencyException>();
        failure.Id.ShouldBe("s");
        failure.Message.ShouldContain("is at version 1");
        (await store.Events("s")).Count.ShouldBe(1);
    }

    [Test]
    public async Task an_expected_version_of_a_stream_that_is_not_there_counts_from_zero()
    {
        await using var session = store.LightweightSession();
        session.Events.Append("new", 1, new Counted(1));
        await session.SaveChangesAsync();
        session.Events.Append("newer", 2, new Counted(1));

        await Should.ThrowAsync<EventStreamUnexpectedMaxEventIdException>(() => session.SaveChangesAsync());
        (await store.Events("new")).Count.ShouldBe(1);
        (await store.Events("newer")).ShouldBeEmpty();
    }

    [Test]
    public async Task the_refusal_names_a_stream_with_any_name()
    {
        const string name = "té\"na'nt}/{charge: 1";
        await store.Append(name, new Counted(1));
        await using var session = store.LightweightSession();
        session.Events.Append(name, 9, new Counted(1));

        (await Should.ThrowAsync<EventStreamUnexpectedMaxEventIdException>(() => session.SaveChangesAsync()))
            .Id.ShouldBe(name);
    }

    [Test]
    public async Task an_event_id_is_taken_once()
    {
        var e = Event.For(new Counted(1));
        e.Id = Guid.CreateVersion7();
        await store.Append("a", e);
        var again = Event.For(new Counted(2));
        again.Id = e.Id;

        var failure = await Should.ThrowAsync<MartenCommandException>(() => store.Append("b", again));

        failure.InnerException.ShouldBeOfType<PostgresException>().SqlState.ShouldBe("23505");
        (await store.Events("b")).ShouldBeEmpty();
    }

    [Test]
    public async Task what_failed_can_be_saved_by_another_attempt_of_the_same_session()
    {
        await using var session = store.LightweightSession();
        session.Events.Append("s", new Counted(1));
        session.QueueSqlCommand($"insert into {store.Schema()}.later (n) values (?)", 1);

        await Should.ThrowAsync<MartenCommandException>(() => session.SaveChangesAsync());
        await Stores.Do($"create table {store.Schema()}.later (n int)");
        await session.SaveChangesAsync();
        await session.SaveChangesAsync();

        (await store.Events("s")).Count.ShouldBe(1);
        (await Stores.Ask<long>($"select count(*) from {store.Schema()}.later")).ShouldBe(1);
    }

    [Test]
    public async Task listeners_are_heard_around_the_commit_and_add_nothing_twice()
    {
        await store.Append("s", new Counted(1));
        var listener = new Adding(store);
        await using var session = store.OpenSession(new SessionOptions().ListenAt(listener));
        session.Events.Append("s", new Counted(2));

        await Should.ThrowAsync<MartenCommandException>(() => session.SaveChangesAsync());
        await Stores.Do($"create table {store.Schema()}.added (n int)");
        await session.SaveChangesAsync();
        listener.Heard.ShouldBe(["save", "save", "before 1", "after 2"]);
        (await Stores.Ask<long>($"select count(*) from {store.Schema()}.added")).ShouldBe(1);
    }

    [Test]
    public async Task plain_sql_and_queued_sql_are_in_the_session_s_transaction()
    {
        await store.Append("s", new Counted(1));
        await Stores.Do($"create table {store.Schema()}.side (n int)");
        var count = $"select count(*) from {store.Schema()}.side";
        await using (var session = store.LightweightSession())
        {
            await session.BeginTransactionAsync(default);
            await using (var command = session.Connection.CreateCommand())
            {
                command.CommandText = $"insert into {store.Schema()}.side values (1)";
                await command.ExecuteNonQueryAsync();
            }

            session.QueueSqlCommand('^', $"insert into {store.Schema()}.side select ^ where '?' = ^", 2, "?");
            session.Events.Append("s", new Counted(2));
            (await Stores.Ask<long>(count)).ShouldBe(0);
            (await session.Events.FetchStreamAsync("s")).Count.ShouldBe(1);
            await session.SaveChangesAsync();
        }

        (await Stores.Ask<long>(count)).ShouldBe(2);
        (await store.Events("s")).Count.ShouldBe(2);
    }

    [Test]
    public async Task nothing_pending_commits_nothing()
    {
        await store.Append("s", new Counted(1));
        await Stores.Do($"create table {store.Schema()}.side (n int)");
        await using (var session = store.LightweightSession())
        {
            await session.BeginTransactionAsync(default);
            await using var command = session.Connection.CreateCommand();
            command.CommandText = $"insert into {store.Schema()}.side values (1)";
            await command.ExecuteNonQueryAsync();
            await session.SaveChangesAsync();
        }

        (await Stores.Ask<long>($"select count(*) from {store.Schema()}.side")).ShouldBe(0);
    }

    [Test]
    public async Task the_caller_s_transaction_is_the_caller_s_to_commit()
    {
        await store.Append("s", new Counted(1));
        foreach (var commit in new[] { false, true })
        {
            await using var connection = await Stores.Source.OpenConnectionAsync();
            await using var transaction = await connection.BeginTransactionAsync();
            await using var session = store.OpenSession(SessionOptions.ForTransaction(transaction));
            session.Events.Append("s", new Counted(2));
            await session.SaveChangesAsync();
            (await store.Events("s")).Count.ShouldBe(1);
            if (commit) await transaction.CommitAsync();
            else await transaction.RollbackAsync();
        }

        (await store.Events("s")).Select(e => e.Version).ShouldBe([1, 2]);
    }

    [Test]
    public async Task nobody_can_commit_the_caller_s_transaction_after_a_conflict()
    {
        await store.Append("s", new Counted(1));
        await using var connection = await Stores.Source.OpenConnectionAsync();
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await using var session = store.OpenSession(SessionOptions.ForTransaction(transaction));
            session.Events.Append("fine", new Counted(2));
            session.Events.Append("s", 7, new Counted(2));
            await Should.ThrowAsync<ConcurrencyException>(() => session.SaveChangesAsync());
            await transaction.CommitAsync();
        }

        (await store.Events("fine")).ShouldBeEmpty();
        (await store.Events("s")).Count.ShouldBe(1);
    }

    [Test]
    public async Task the_caller_s_connection_stays_open()
    {
        await using var connection = await Stores.Source.OpenConnectionAsync();
        await using (var session = store.OpenSession(SessionOptions.ForConnection(connection)))
        {
            session.Events.Append("s", new Counted(1));
            await session.SaveChangesAsync();
            session.Events.Append("s", new Counted(1));
            await session.SaveChangesAsync();
        }

        connection.State.ShouldBe(System.Data.ConnectionState.Open);
        (await store.Events("s")).Count.ShouldBe(2);
    }

    [Test]
    public async Task parallel_appenders_leave_no_gap_in_versions_and_do_not_deadlock()
    {
        await store.Append("warm", new Counted(0));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async writer =>
        {
            for (var i = 0; i < 20; i++)
            {
                await using var session = store.LightweightSession();
                var names = Enumerable.Range(0, 5).Select(n => $"s{n}");
                foreach (var name in writer % 2 == 0 ? names : names.Reverse())
                    session.Events.Append(name, new Counted(i), new Counted(writer));
                await session.SaveChangesAsync();
            }
        }));

        for (var n = 0; n < 5; n++)
        {
            (await store.Events($"s{n}")).Select(e => e.Version)
                .ShouldBe(Enumerable.Range(1, 320).Select(version => (long)version));
        }
    }

    [Test]
    public async Task of_parallel_writers_with_the_same_expectation_one_wins()
    {
        await store.Append("s", new Counted(0));
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(async n =>
        {
            await using var session = store.LightweightSession();
            session.Events.Append("s", 2, new Counted(n));
            session.Events.StartStream("started", new Counted(n));
            try
            {
                await session.SaveChangesAsync();
                return "won";
            }
            catch (Exception lost) when (lost is ConcurrencyException or ExistingStreamIdCollisionException)
            {
                return "lost";
            }
        }));

        outcomes.Count(outcome => outcome == "won").ShouldBe(1);
        (await store.Events("s")).Count.ShouldBe(2);
        (await store.Events("started")).Count.ShouldBe(1);
    }

    [Test]
    public async Task an_optimistic_append_is_refused_if_the_stream_has_moved_since()
    {
        await store.Append("s", new Counted(1));
        await using var session = store.LightweightSession();
        await session.Events.AppendOptimistic("s", new Counted(2));
        await store.Append("s", new Counted(3));

        await Should.ThrowAsync<ConcurrencyException>(() => session.SaveChangesAsync());
    }

    [Test]
    public async Task what_was_read_for_writing_must_not_have_moved()
    {
        await store.Append("s", new Counted(5), new Renamed("n"));
        await using var session = store.LightweightSession();
        var stream = await session.Events.FetchForWriting<Counter>("s");
        (stream.Aggregate!.Total, stream.StartingVersion).ShouldBe((5, 2));
        stream.AppendOne(new Counted(1));
        stream.CurrentVersion.ShouldBe(3);
        await using var other = store.LightweightSession();
        var late = await other.Events.FetchForWriting<Counter>("s", 2);
        late.AppendMany(new Counted(2), new Counted(3));
        await session.SaveChangesAsync();

        await Should.ThrowAsync<ConcurrencyException>(() => other.SaveChangesAsync());
        await Should.ThrowAsync<ConcurrencyException>(() => other.Events.FetchForWriting<Counter>("t", 1));
        var fresh = await session.Events.FetchForWriting<Counter>("fresh");
        (fresh.Aggregate, fresh.StartingVersion).ShouldBe((null, 0));
    }

    [TestCase(EventAppendMode.Rich, true)]
    [TestCase(EventAppendMode.QuickWithServerTimestamps, true)]
    [TestCase(EventAppendMode.Quick, false)]
    public async Task time_is_the_store_s_unless_the_mode_is_quick(EventAppendMode mode, bool ours)
    {
        var time = new VirtualTime(new(2020, 1, 2, 3, 4, 5, TimeSpan.Zero));
        using var timed = Stores.New(options =>
        {
            options.Events.AppendMode = mode;
            options.Events.TimeProvider = time;
        });
        await timed.Append("s", new Counted(1));

        var e = (await timed.Events("s"))[0];
        (e.Timestamp == time.GetUtcNow()).ShouldBe(ours);
        e.Timestamp.ShouldBeLessThanOrEqualTo(DateTimeOffset.UtcNow.AddMinutes(1));
    }

    [Test]
    public async Task seeded_streams_read_like_appended_ones()
    {
        var streams = Enumerable.Range(1, 50).Select(n => StreamAction.Start(
            $"seed/{n}", [.. Enumerable.Range(1, n)
                .Select(i => Event.For(new Counted(i)).WithHeader("n", n))]))
            .ToList();
        await store.BulkInsertEventsAsync(streams, batchSize: 100);
        await store.Append("seed/50", new Counted(51));

        var last = await store.Events("seed/50");
        last.Select(e => e.Version).ShouldBe(Enumerable.Range(1, 51).Select(n => (long)n));
        last[^1].Sequence.ShouldBe((50 * 51 / 2) + 1);
        last[0].GetHeader("n")!.ToString().ShouldBe("50");
        await Should.ThrowAsync<PostgresException>(() => store.BulkInsertEventsAsync(streams));
    }

    private sealed class Adding(DocumentStore store) : DocumentSessionListenerBase
    {
        public List<string> Heard { get; } = [];

        public override Task BeforeSaveChangesAsync(IDocumentSession session, CancellationToken token)
        {
            Heard.Add("save");
            session.QueueSqlCommand($"insert into {store.Schema()}.added values (1)");

            return Task.CompletedTask;
        }

        public override async Task BeforeCommitAsync(
            IDocumentSession session, IChangeSet commit, CancellationToken token) =>
            Heard.Add($"before {(await store.Events("s")).Count}");

        public override async Task AfterCommitAsync(
            IDocumentSession session, IChangeSet commit, CancellationToken token) =>
            Heard.Add($"after {(await store.Events("s")).Count}");
    }
}
