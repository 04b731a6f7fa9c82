using Billing.Testbed;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events;
using Marten.Exceptions;
using Marten.Services;
using Npgsql;

namespace Billing.StandIns.Tests.Marten;

/// <summary>So many events at once that they go in by COPY: nothing else is different.</summary>
public class AppendManyTests
{
    private const int Many = 2 * AppendCopy.Least;

    private DocumentStore store = null!;

    [SetUp]
    public void NewStore() => store = Stores.New();

    [TearDown]
    public void Close() => store.Dispose();

    [Test]
    public async Task streams_old_and_new_go_on_where_they_were_and_are_numbered_in_order()
    {
        await store.Append("old", new Counted(-2), new Counted(-1));
        await using var session = store.LightweightSession();
        var made = session.Events.StartStream<Counter>("new", Events(Many));
        var old = session.Events.Append("old", Many + 2, Events(Many));
        await session.SaveChangesAsync();

        (made.Version, old.Version).ShouldBe((Many, Many + 2));
        IEvent[] all = [.. made.Events, .. old.Events];
        all.Select(e => e.Sequence).ShouldBe(Enumerable.Range(3, 2 * Many).Select(n => (long)n));
        var read = await store.Events("old");
        read.Select(e => (e.Version, ((Counted)e.Data).Amount))
            .ShouldBe(Enumerable.Range(1, Many + 2).Select(n => ((long)n, n - 3)));
        (await store.Events("new")).Select(e => e.Id).ShouldBe(made.Events.Select(e => e.Id));
        var state = await session.Events.FetchStreamStateAsync("new");
        state!.AggregateType.ShouldBe(typeof(Counter));
    }

    [Test]
    public async Task an_event_is_read_as_it_was_written()
    {
        using var full = Stores.New(options =>
        {
            options.Events.MetadataConfig.CausationIdEnabled = true;
            options.Events.MetadataConfig.CorrelationIdEnabled = true;
            options.Events.MetadataConfig.UserNameEnabled = true;
        });
        const string name = "té\"na'nt}/{charge: 1";
        var at = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.FromHours(2)).AddTicks(12_345_670);
        await using (var session = full.LightweightSession())
        {
            for (var n = 0; n < Many; n++)
            {
                var e = session.Events.BuildEvent(new Renamed(Text(n)));
                e.Id = Id(n);
                e.Timestamp = at.AddTicks(n * 10);
                (e.CausationId, e.CorrelationId) = (n % 2 == 0 ? $"cause {n}" : null, "körrelation");
                if (n % 3 == 0) e.SetHeader("n", n);
                session.Events.Append(name, e);
            }

            session.LastModifiedBy = "ops";
            await session.SaveChangesAsync();
        }

        var read = await full.Events(name);
        read.Count.ShouldBe(Many);
        for (var n = 0; n < Many; n++)
        {
            var e = read[n];
            ((Renamed)e.Data).Name.ShouldBe(Text(n));
            (e.Id, e.Timestamp).ShouldBe((Id(n), at.AddTicks(n * 10)));
            e.CorrelationId.ShouldBe("körrelation");
            if (n % 2 == 0) e.CausationId.ShouldBe($"cause {n}");
            (e.UserName, e.EventTypeName, e.TenantId).ShouldBe(("ops", "renamed", "*DEFAULT*"));
            e.GetHeader("n")?.ToString().ShouldBe(n % 3 == 0 ? $"{n}" : null);
            e.IsArchived.ShouldBeFalse();
        }
    }

    [Test]
    public async Task one_stream_that_is_not_as_expected_refuses_all()
    {
        await store.Append("s", new Counted(1));
        await using var session = store.LightweightSession();
        session.Events.Append("fine", Events(Many));
        session.Events.Append("s", 7, new Counted(2));

        var failure = await Should.ThrowAsync<EventStreamUnexpectedMaxEventIdException>(
            () => session.SaveChangesAsync());
        failure.Id.ShouldBe("s");
        (await store.Events("fine")).ShouldBeEmpty();
        (await store.Events("s")).Count.ShouldBe(1);
    }

    [Test]
    public async Task an_id_that_is_taken_refuses_all_and_the_connection_is_as_good_as_before()
    {
        var e = Event.For(new Counted(1));
        e.Id = Guid.CreateVersion7();
        await store.Append("a", e);
        var again = Event.For(new Counted(2));
        again.Id = e.Id;
        await using var connection = await Stores.Source.OpenConnectionAsync();
        await using (var session = store.OpenSession(SessionOptions.ForConnection(connection)))
        {
            session.Events.Append("b", [.. Events(Many), again]);
            var failure = await Should.ThrowAsync<MartenCommandException>(() => session.SaveChangesAsync());
            failure.InnerException.ShouldBeOfType<PostgresException>().SqlState.ShouldBe("23505");
        }

        (await store.Events("b")).ShouldBeEmpty();
        await using (var session = store.OpenSession(SessionOptions.ForConnection(connection)))
        {
            session.Events.Append("b", Events(Many));
            await session.SaveChangesAsync();
        }

        (await store.Events("b")).Count.ShouldBe(Many);
    }

    [Test]
    public async Task what_cannot_become_json_refuses_all_and_says_so_itself()
    {
        await store.Append("s", new Counted(1));
        await using var session = store.LightweightSession();
        session.Events.Append("s", [.. Events(Many), new Unspeakable(), .. Events(Many)]);

        await Should.ThrowAsync<NotSupportedException>(() => session.SaveChangesAsync());
        (await store.Events("s")).Count.ShouldBe(1);
        await store.Append("s", Events(Many));
        (await store.Events("s")).Count.ShouldBe(Many + 1);
    }

    [Test]
    public async Task time_is_the_database_s_where_the_mode_is_quick()
    {
        using var quick = Stores.New(options =>
        {
            options.Events.AppendMode = EventAppendMode.Quick;
            options.Events.TimeProvider = new VirtualTime(new(2020, 1, 2, 3, 4, 5, TimeSpan.Zero));
        });
        var before = await Stores.Ask<DateTime>("select now()");
        await quick.Append("s", Events(Many));

        var times = (await quick.Events("s")).Select(e => e.Timestamp.UtcDateTime).Distinct().ToList();
        times.ShouldHaveSingleItem().ShouldBeInRange(before, await Stores.Ask<DateTime>("select now()"));
    }

    [Test]
    public async Task inline_projections_and_queued_sql_are_in_the_same_transaction()
    {
        using var inline = Stores.New(options =>
            options.Projections.Snapshot<Counter>(SnapshotLifecycle.Inline));
        await inline.Append("s", new Counted(5));
        await Stores.Do($"create table {inline.Schema()}.side (n int)");
        await using (var session = inline.LightweightSession())
        {
            session.Events.Append("s", Enumerable.Repeat<object>(new Counted(1), Many));
            session.QueueSqlCommand(
                $"insert into {inline.Schema()}.side select count(*) from {inline.Schema()}.mt_events");
            await session.SaveChangesAsync();
            (await session.LoadAsync<Counter>("s"))!.Total.ShouldBe(5 + Many);
        }

        (await Stores.Ask<int>($"select n from {inline.Schema()}.side")).ShouldBe(Many + 1);
    }

    [Test]
    public async Task parallel_writers_of_the_same_streams_number_them_in_the_order_of_their_versions()
    {
        await store.Append("warm", new Counted(0));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async writer =>
        {
            for (var i = 0; i < 5; i++)
            {
                await using var session = store.LightweightSession();
                foreach (var n in Enumerable.Range(0, 4))
                    session.Events.Append($"s{(writer % 2 == 0 ? n : 3 - n)}", Events(AppendCopy.Least / 2));
                await session.SaveChangesAsync();
            }
        }));

        for (var n = 0; n < 4; n++)
        {
            var events = await store.Events($"s{n}");
            events.Select(e => e.Version)
                .ShouldBe(Enumerable.Range(1, 10 * AppendCopy.Least).Select(version => (long)version));
            events.Select(e => e.Sequence).ShouldBeInOrder(SortDirection.Ascending);
        }
    }

    // Longer than what is written at once, some of it.
    private static string Text(int n) => $"{n} Zoë \"\\\n\u2028😀 {new string('x', n * 2_000)}";

    private static Guid Id(int n) => new(n + 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);

    private static object[] Events(int count) => [.. Enumerable.Range(0, count).Select(n => new Counted(n))];

    public sealed record Unspeakable
    {
        public nint Address { get; } = 1;
    }
}
