using System.Collections.Concurrent;
using Billing.Testbed;
using JasperFx.Events;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events;
using Marten.Events.Aggregation;
using Marten.Events.Daemon.Coordination;
using Marten.Events.Projections;
using Marten.Exceptions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Billing.StandIns.Tests.Marten;

/// <summary>Asynchronous projections: nothing twice, nothing left out, whatever happens in between.</summary>
public class DaemonTests
{
    private const string Shard = "Journal:All";

    private static readonly TimeSpan patience = Eventually.Patience;

    [Test]
    public async Task every_event_is_journalled_once_in_order_with_the_progress()
    {
        using var store = await Journal.Store();
        await Append(store, 1, 25);
        using var daemon = await store.BuildProjectionDaemonAsync();
        await daemon.StartAllAsync();
        await Append(store, 26, 40);
        await daemon.WaitForNonStaleData(patience);

        (await Journal.Rows(store)).ShouldBe(Enumerable.Range(1, 40));
        (await Progress(store)).ShouldBe(40);
        daemon.StatusFor(Shard).ShouldBe(AgentStatus.Running);
        (daemon.IsRunning, daemon.HasAnyPaused()).ShouldBe((true, false));
        // First the tables, then what the daemon knows of itself; it stores the mark when there is time.
        await Eventually.Is(() => daemon.CurrentAgents().ShouldHaveSingleItem().Position == 40);
        await Eventually.Is(() => daemon.HighWaterMark() == 40);
        await Eventually.Is(async () =>
            await store.Advanced.ProjectionProgressFor(ShardName.HighWaterMarkFor()) == 40);
        await daemon.StopAllAsync();
        (await store.Advanced.AllProjectionProgress()).ToDictionary(s => s.ShardName, s => s.Sequence)
            .ShouldBe(new Dictionary<string, long> { ["HighWaterMark"] = 40, [Shard] = 40 },
                ignoreOrder: true);
    }

    [Test]
    public async Task a_page_that_fails_leaves_nothing_and_pauses_the_shard()
    {
        var projection = new Journal { FailAt = 17 };
        using var store = await Journal.Store(projection);
        await Append(store, 1, 30);
        using var daemon = await store.BuildProjectionDaemonAsync();
        var states = new ConcurrentQueue<ShardState>();
        using var listening = daemon.Tracker.Subscribe(new Listener(states));
        await daemon.StartAllAsync();
        await Eventually.Is(() => daemon.StatusFor(Shard) == AgentStatus.Paused);

        (await Journal.Rows(store)).ShouldBe(Enumerable.Range(1, 10));
        (await Progress(store)).ShouldBe(10);
        daemon.HasAnyPaused().ShouldBeTrue();
        // Its state is known before it is told.
        await Eventually.Is(() => states.Any(state => state.Action == ShardAction.Paused));
        states.Single(state => state.Action == ShardAction.Paused).Exception!.Message.ShouldBe("no 17");

        projection.FailAt = -1;
        await daemon.StartAgentAsync(Shard, default);
        await daemon.WaitForNonStaleData(patience);
        (await Journal.Rows(store)).ShouldBe(Enumerable.Range(1, 30));
    }

    [Test]
    public async Task an_unknown_type_stops_the_shard_and_says_so_unless_it_may_be_skipped()
    {
        using var store = await Journal.Store();
        await Append(store, 1, 15);
        await Stores.Do($"update {store.Schema()}.mt_events set type = 'vanished', mt_dotnet_type = null"
            + " where seq_id = 12");
        using var daemon = await store.BuildProjectionDaemonAsync();
        await daemon.StartAllAsync();
        await Eventually.Is(() => daemon.HasAnyPaused());
        (await Journal.Rows(store)).ShouldBe(Enumerable.Range(1, 10));
        var failure = await Should.ThrowAsync<UnknownEventTypeException>(
            () => daemon.CatchUpAsync(patience, default));
        (failure.EventTypeName, failure.Sequence).ShouldBe(("vanished", 12));

        store.Parts.Options.Projections.Errors.SkipUnknownEvents = true;
        await daemon.CatchUpAsync(patience, default);
        (await Journal.Rows(store)).ShouldBe(Enumerable.Range(1, 15).Except([12]));
    }

    [Test]
    public async Task placeholders_and_archived_events_are_not_projected()
    {
        using var store = await Journal.Store();
        await Append(store, 1, 6);
        await Stores.Do($"update {store.Schema()}.mt_events set type = 'tombstone' where seq_id = 2;"
            + $"update {store.Schema()}.mt_events set is_archived = true where seq_id = 4;"
            + $"update {store.Schema()}.mt_events set is_archived = null where seq_id = 5");
        using var daemon = await store.BuildProjectionDaemonAsync();
        await daemon.CatchUpAsync(patience, default);

        (await Journal.Rows(store)).ShouldBe([1, 3, 5, 6]);
    }

    [Test]
    public async Task data_that_cannot_be_read_stop_the_shard_or_become_a_dead_letter()
    {
        using var store = await Journal.Store();
        await Append(store, 1, 5);
        await Stores.Do(
            $"update {store.Schema()}.mt_events set data = '{{\"Amount\": \"x\"}}' where seq_id = 3");
        using var daemon = await store.BuildProjectionDaemonAsync();
        (await Should.ThrowAsync<EventDeserializationFailureException>(
            () => daemon.CatchUpAsync(patience, default)))
            .Sequence.ShouldBe(3);
        (await Journal.Rows(store)).ShouldBeEmpty();

        store.Parts.Options.Projections.Errors.SkipSerializationErrors = true;
        await daemon.CatchUpAsync(patience, default);
        (await Journal.Rows(store)).ShouldBe([1, 2, 4, 5]);
        (await store.DeadLetter("EventSequence")).ShouldBe("3");
    }

    [Test]
    public async Task a_backend_that_dies_in_the_middle_of_a_page_costs_nothing()
    {
        var killed = 0;
        using var store = await Journal.Store(new Journal
        {
            // The commit of every third page or so hits a dead connection.
            Sql = n => n % 25 == 7 && Interlocked.Increment(ref killed) <= 3
                ? "select pg_terminate_backend(pg_backend_pid())" : null,
        });
        await Append(store, 1, 100);
        using var daemon = await store.BuildProjectionDaemonAsync();
        await daemon.StartAllAsync();
        await Eventually.Is(async () =>
        {
            if (daemon.HasAnyPaused()) await daemon.StartAgentAsync(Shard, default);
            return await Progress(store) == 100;
        });

        killed.ShouldBeGreaterThanOrEqualTo(3);
        (await Journal.Rows(store)).ShouldBe(Enumerable.Range(1, 100));
    }

    [Test]
    public async Task a_process_that_stops_in_the_middle_of_a_page_leaves_the_rest_to_the_next()
    {
        var inside = new TaskCompletionSource();
        var schema = Stores.NewSchema();
        var hanging = new Journal
        {
            Before = async (n, token) =>
            {
                if (n < 20) return;
                inside.TrySetResult();
                await Task.Delay(Timeout.Infinite, token);
            },
        };
        using (var store = await Journal.Store(hanging, schema))
        {
            await Append(store, 1, 35);
            using var daemon = await store.BuildProjectionDaemonAsync();
            await daemon.StartAllAsync();
            await inside.Task.WaitAsync(patience);
        }

        using var next = await Journal.Store(schema: schema);
        (await Journal.Rows(next)).ShouldBe(Enumerable.Range(1, 10));
        using var another = await next.BuildProjectionDaemonAsync();
        await another.StartAllAsync();
        await another.WaitForNonStaleData(patience);
        (await Journal.Rows(next)).ShouldBe(Enumerable.Range(1, 35));
    }

    [Test]
    public async Task two_processes_on_one_shard_do_nothing_twice()
    {
        var schema = Stores.NewSchema();
        using var first = await Journal.Store(schema: schema);
        using var second = await Journal.Store(schema: schema);
        await Append(first, 1, 200);
        using var one = await first.BuildProjectionDaemonAsync();
        using var two = await second.BuildProjectionDaemonAsync();
        await Task.WhenAll(one.StartAllAsync(), two.StartAllAsync());
        await Eventually.Is(async () =>
        {
            foreach (var daemon in new[] { one, two })
            {
                if (daemon.HasAnyPaused()) await daemon.StartAgentAsync(Shard, default);
            }

            return await Progress(first) == 200;
        });

        (await Journal.Rows(first)).ShouldBe(Enumerable.Range(1, 200));
    }

    [Test]
    public async Task a_rebuild_gives_the_same_while_writers_go_on()
    {
        using var store = await Journal.Store();
        using var daemon = await store.BuildProjectionDaemonAsync();
        await daemon.StartAllAsync();
        await Append(store, 1, 60);
        await daemon.WaitForNonStaleData(patience);
        await Stores.Do($"update {store.Schema()}.journal set amount = 0 where seq_id % 2 = 0");
        using var ending = new CancellationTokenSource();
        var last = 60;
        var writing = Task.Run(async () =>
        {
            while (!ending.IsCancellationRequested) await Append(store, ++last, last);
        });
        await Eventually.Is(() => Volatile.Read(ref last) > 60);
        await daemon.RebuildProjectionAsync("Journal", patience, default);
        daemon.StatusFor(Shard).ShouldBe(AgentStatus.Running);
        await ending.CancelAsync();
        await writing;
        await daemon.WaitForNonStaleData(patience);

        last.ShouldBeGreaterThan(60);
        (await Journal.Rows(store)).ShouldBe(Enumerable.Range(1, last));
        (await Stores.Ask<long>($"select count(*) from {store.Schema()}.journal where amount = 0"))
            .ShouldBe(0);
    }

    [Test]
    public async Task a_rebuild_passes_over_nothing_by_default()
    {
        using var store = await Journal.Store();
        await Append(store, 1, 5);
        store.Parts.Options.Projections.Errors.SkipUnknownEvents = true;
        await Stores.Do($"update {store.Schema()}.mt_events set type = 'vanished', mt_dotnet_type = null");
        using var daemon = await store.BuildProjectionDaemonAsync();

        await Should.ThrowAsync<UnknownEventTypeException>(
            () => daemon.RebuildProjectionAsync<Journal>(patience, default));
    }

    [Test]
    public async Task stream_documents_follow_their_streams()
    {
        using var store = Stores.New(options =>
        {
            options.Projections.Snapshot<Counter>(SnapshotLifecycle.Async, async => async.BatchSize = 7);
            options.Projections.Add<Names>(ProjectionLifecycle.Async);
        });
        for (var n = 1; n <= 30; n++) await store.Append($"s{n % 3}", new Counted(n), new Renamed($"{n}"));
        using var daemon = await store.BuildProjectionDaemonAsync();
        await daemon.StartAllAsync();
        await daemon.WaitForNonStaleData(patience);

        await using var session = store.LightweightSession();
        (await session.LoadAsync<Counter>("s1"))!
            .Total.ShouldBe(Enumerable.Range(1, 30).Where(n => n % 3 == 1).Sum());
        (await session.LoadAsync<Named>("s0"))!.Name.ShouldBe("30");
        session.Events.Append("s0", new Renamed("gone"));
        await session.SaveChangesAsync();
        await store.WaitForNonStaleProjectionDataAsync(patience);
        (await session.LoadAsync<Named>("s0")).ShouldBeNull();

        session.Store(new Counter { Id = "s1", Total = -1 });
        await session.SaveChangesAsync();
        await daemon.RebuildProjectionAsync<Counter>(default);
        (await session.LoadAsync<Counter>("s1"))!.Total.ShouldBe(145);
    }

    [Test]
    public async Task an_event_that_a_document_cannot_take_stops_it_or_becomes_a_dead_letter()
    {
        using var store = Stores.New(options => options.Projections.Add<Names>(ProjectionLifecycle.Async));
        await store.Append("s", new Renamed("good"), new Renamed("bad"), new Renamed("better"));
        using var daemon = await store.BuildProjectionDaemonAsync();
        (await Should.ThrowAsync<ApplyEventException>(() => daemon.CatchUpAsync(patience, default)))
            .Event.Sequence.ShouldBe(2);

        store.Parts.Options.Projections.Errors.SkipApplyErrors = true;
        await daemon.CatchUpAsync(patience, default);
        await using var session = store.QuerySession();
        (await session.LoadAsync<Named>("s"))!.Name.ShouldBe("better");
        (await store.DeadLetter("ExceptionMessage")).ShouldContain("bad");
    }

    [TestCase(EventAppendMode.Rich)]
    [TestCase(EventAppendMode.QuickWithServerTimestamps)]
    public async Task inline_projections_are_in_the_transaction_that_appends(EventAppendMode mode)
    {
        var journal = new Journal { FailAt = 13 };
        using var store = await Journal.Store(journal, configure: options =>
        {
            options.Events.AppendMode = mode;
            options.Projections.Snapshot<Counter>(SnapshotLifecycle.Inline);
        }, lifecycle: ProjectionLifecycle.Inline);
        await Task.WhenAll(Enumerable.Range(1, 12).Select(n => store.Append("s", new Counted(n))));
        await Should.ThrowAsync<InvalidOperationException>(() => store.Append("s", new Counted(13)));

        await using var session = store.QuerySession();
        (await session.LoadAsync<Counter>("s"))!.Total.ShouldBe(78);
        (await store.Events("s")).Count.ShouldBe(12);
        (await Stores.Ask<long>($"select count(*) from {store.Schema()}.journal")).ShouldBe(12);
        journal.Sequences.Count(sequence => sequence > 0).ShouldBe(mode == EventAppendMode.Rich ? 12 : 0);
    }

    [Test]
    public async Task the_host_runs_shards_and_tries_again_what_has_paused()
    {
        var journal = new Journal { FailAt = 5 };
        using var host = await Hosted(journal, Stores.NewSchema(), DaemonMode.Solo);
        var store = host.Services.GetRequiredService<IDocumentStore>();
        await Append(store, 1, 20);
        var coordinator = host.Services.GetRequiredService<IProjectionCoordinator>();
        await Eventually.Is(() => coordinator.DaemonForMainDatabase().HasAnyPaused());
        journal.FailAt = -1;
        await store.WaitForNonStaleProjectionDataAsync(patience);
        (await Journal.Rows((DocumentStore)store)).ShouldBe(Enumerable.Range(1, 20));

        await coordinator.PauseAsync();
        await Append(store, 21, 22);
        coordinator.DaemonForMainDatabase().IsRunning.ShouldBeFalse();
        await coordinator.ResumeAsync();
        await store.WaitForNonStaleProjectionDataAsync(patience);
        await using (var scope = host.Services.CreateAsyncScope())
        {
            scope.ServiceProvider.GetRequiredService<IDocumentSession>()
                .Events.Append("scoped", new Counted(23));
            await scope.ServiceProvider.GetRequiredService<IDocumentSession>().SaveChangesAsync();
        }

        await store.WaitForNonStaleProjectionDataAsync(patience);
        (await Journal.Rows((DocumentStore)store)).ShouldBe(Enumerable.Range(1, 23));
        await host.StopAsync();
    }

    [Test]
    public async Task the_host_leaves_a_shard_alone_while_it_is_rebuilt_and_runs_it_afterwards()
    {
        var journal = new Journal { FailAt = 5 };
        using var host = await Hosted(journal, Stores.NewSchema(), DaemonMode.Solo);
        var store = host.Services.GetRequiredService<IDocumentStore>();
        await Append(store, 1, 200);
        var daemon = host.Services.GetRequiredService<IProjectionCoordinator>().DaemonForMainDatabase();
        await Eventually.Is(() => daemon.HasAnyPaused());
        journal.FailAt = -1;
        for (var n = 0; n < 3; n++)
        {
            await Stores.Do($"truncate {((DocumentStore)store).Schema()}.journal");
            await daemon.RebuildProjectionAsync("Journal", patience, default);
            daemon.StatusFor(Shard).ShouldBe(AgentStatus.Running);
        }

        await Append(store, 201, 201);
        await store.WaitForNonStaleProjectionDataAsync(patience);
        (await Journal.Rows((DocumentStore)store)).ShouldBe(Enumerable.Range(1, 201));
        await host.StopAsync();
    }

    [Test]
    public async Task of_two_hot_cold_hosts_one_runs_the_shard_and_the_other_takes_over()
    {
        var schema = Stores.NewSchema();
        var (first, second) = (new Journal(), new Journal());
        using var one = await Hosted(first, schema, DaemonMode.HotCold);
        var store = one.Services.GetRequiredService<IDocumentStore>();
        await Append(store, 1, 5);
        await store.WaitForNonStaleProjectionDataAsync(patience);
        using var two = await Hosted(second, schema, DaemonMode.HotCold);
        await Append(store, 6, 10);
        await store.WaitForNonStaleProjectionDataAsync(patience);
        second.Sequences.ShouldBeEmpty();

        await one.StopAsync();
        await Append(store, 11, 15);
        await store.WaitForNonStaleProjectionDataAsync(patience);
        second.Sequences.ShouldNotBeEmpty();
        (await Journal.Rows((DocumentStore)store)).ShouldBe(Enumerable.Range(1, 15));
        await two.StopAsync();
    }

    private static async Task<IHost> Hosted(Journal journal, string schema, DaemonMode mode)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddSingleton(Stores.Source);
        builder.Services.AddSingleton(journal);
        builder.Services.AddMarten(options => Journal.Configure(options, schema))
            .UseNpgsqlDataSource()
            .AddProjectionWithServices<Journal>(
                ProjectionLifecycle.Async, ServiceLifetime.Singleton, "Journal")
            .ApplyAllDatabaseChangesOnStartup()
            .AddAsyncDaemon(mode);
        await Journal.Table(schema);
        var host = builder.Build();
        await host.StartAsync();

        return host;
    }

    private static async Task Append(IDocumentStore store, int from, int to)
    {
        for (var n = from; n <= to; n++) await store.Append($"s{n % 3}", new Counted(n));
    }

    private static Task<long> Progress(DocumentStore store) =>
        store.Advanced.ProjectionProgressFor(new ShardName("Journal"));

    private sealed class Listener(ConcurrentQueue<ShardState> states) : IObserver<ShardState>
    {
        public void OnCompleted() => throw new NotSupportedException();

        public void OnError(Exception error) => throw error;

        public void OnNext(ShardState value) => states.Enqueue(value);
    }

    public sealed class Named
    {
        public string Id { get; set; } = "";
        public string Name { get; set; } = "";
    }

    public sealed class Names : SingleStreamProjection<Named, string>
    {
        public Names() => IncludeType<Renamed>();

        public override Named? Evolve(Named? snapshot, string id, IEvent e) => ((Renamed)e.Data).Name switch
        {
            "gone" => null,
            "bad" => throw new InvalidOperationException("bad"),
            var name => new() { Name = name },
        };
    }
}

/// <summary>One row for each event, in the order in which they came; a second one is an error.</summary>
public sealed class Journal : IProjection
{
    public int FailAt { get; set; } = -1;
    public Func<int, CancellationToken, Task>? Before { get; init; }
    public Func<int, string?>? Sql { get; init; }
    public ConcurrentQueue<long> Sequences { get; } = new();

    public static async Task<DocumentStore> Store(
        Journal? journal = null, string? schema = null, Action<StoreOptions>? configure = null,
        ProjectionLifecycle lifecycle = ProjectionLifecycle.Async)
    {
        var store = Stores.New(
            options =>
            {
                options.Projections.Add(journal ?? new(), lifecycle, asyncConfiguration: Async);
                configure?.Invoke(options);
            },
            schema);
        await Table(store.Schema());

        return store;
    }

    public static void Configure(StoreOptions options, string schema)
    {
        options.DatabaseSchemaName = schema;
        options.Events.StreamIdentity = StreamIdentity.AsString;
        options.Events.MapEventType<Counted>("counted");
        options.Projections.AgentPauseTime = TimeSpan.FromMilliseconds(50);
        options.Projections.LeadershipPollingTime = 50;
        options.Projections.SlowPollingTime = TimeSpan.FromMilliseconds(100);
    }

    public static Task Table(string schema) => Stores.Do(
        $"create schema if not exists {schema}; create table if not exists {schema}.journal"
        + " (place bigint generated always as identity, seq_id bigint, amount int, id uuid primary key)");

    public static async Task<int[]> Rows(DocumentStore store) => await Stores.Ask<int[]>(
        $"select coalesce(array_agg(seq_id::int order by place), '{{}}') from {store.Schema()}.journal");

    public async Task ApplyAsync(
        IDocumentOperations operations, IReadOnlyList<IEvent> events, CancellationToken cancellation)
    {
        var schema = ((DocumentStore)operations.DocumentStore).Schema();
        foreach (var e in events)
        {
            var amount = ((Counted)e.Data).Amount;
            if (Before is not null) await Before(amount, cancellation);
            if (amount == FailAt) throw new InvalidOperationException($"no {amount}");

            Sequences.Enqueue(e.Sequence);
            operations.QueueSqlCommand(
                $"insert into {schema}.journal (seq_id, amount, id) values (?, ?, ?)",
                e.Sequence,
                amount,
                e.Id);
            if (Sql?.Invoke(amount) is { } sql) operations.QueueSqlCommand(sql);
        }
    }

    private static void Async(AsyncOptions options)
    {
        options.BatchSize = 10;
        options.DeleteDataInTableOnTeardown("journal");
    }
}
