using System.Collections.Concurrent;
using Billing.Testbed;
using JasperFx.Events;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Marten.Services;
using Marten.Subscriptions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Billing.StandIns.Tests.Marten;

public class SubscriptionTests
{
    private static readonly TimeSpan patience = Eventually.Patience;

    [Test]
    public async Task every_event_is_delivered_in_order_and_the_effects_are_committed_with_the_progress()
    {
        var outlet = new Outlet();
        using var store = await New(outlet);
        await Append(store, 1, 23);
        using var daemon = await store.BuildProjectionDaemonAsync();
        await daemon.StartAllAsync();
        await Append(store, 24, 31);
        await daemon.WaitForNonStaleData(patience);

        outlet.Delivered.ShouldBe(Enumerable.Range(1, 31).Select(n => (long)n));
        (await Sent(store)).ShouldBe(Enumerable.Range(1, 31));
        (await Progress(store)).ShouldBe(31);
        // Told of a commit is who listens after it.
        await Eventually.Is(() => outlet.Told.LastOrDefault().After == 31);
        outlet.Told.ShouldAllBe(told => told.Before < told.After);
    }

    [Test]
    public async Task a_failure_is_delivered_again_from_the_stored_progress_on()
    {
        var outlet = new Outlet { FailAt = 15 };
        using var store = await New(outlet);
        await Append(store, 1, 20);
        using var daemon = await store.BuildProjectionDaemonAsync();
        await daemon.StartAllAsync();
        await Eventually.Is(() => daemon.HasAnyPaused());
        (await Progress(store)).ShouldBe(10);
        outlet.FailAt = -1;
        await daemon.StartAgentAsync("outlet:All", default);
        await daemon.WaitForNonStaleData(patience);

        outlet.Delivered.ShouldBe(
            Enumerable.Range(1, 14).Concat(Enumerable.Range(11, 10)).Select(n => (long)n), "at least once");
        (await Sent(store)).ShouldBe(Enumerable.Range(1, 20), "committed once");
    }

    [Test]
    public async Task what_was_done_before_a_reported_failure_counts()
    {
        var outlet = new Outlet { ReportAt = 17 };
        using var store = await New(outlet);
        await Append(store, 1, 20);
        using var daemon = await store.BuildProjectionDaemonAsync();
        await daemon.StartAllAsync();
        await Eventually.Is(() => daemon.HasAnyPaused());

        (await Progress(store)).ShouldBe(16);
        (await Sent(store)).ShouldBe(Enumerable.Range(1, 16));
        outlet.ReportAt = -1;
        await daemon.StartAgentAsync("outlet:All", default);
        await daemon.WaitForNonStaleData(patience);
        (await Sent(store)).ShouldBe(Enumerable.Range(1, 20));
    }

    [Test]
    public async Task an_event_can_be_set_aside()
    {
        using var store = await New(new Outlet { AsideAt = 3 });
        await Append(store, 1, 5);
        using var daemon = await store.BuildProjectionDaemonAsync();
        await daemon.StartAllAsync();
        await daemon.WaitForNonStaleData(patience);

        (await Sent(store)).ShouldBe([1, 2, 4, 5]);
        (await store.DeadLetter("EventSequence")).ShouldBe("3");
    }

    [Test]
    public async Task types_that_are_not_included_are_not_read_and_the_progress_goes_on()
    {
        var outlet = new Outlet();
        using var store = await New(outlet, only: typeof(Renamed));
        await Append(store, 1, 25);
        await store.Append("s", new Renamed("x"));
        await Append(store, 27, 40);
        using var daemon = await store.BuildProjectionDaemonAsync();
        await daemon.StartAllAsync();
        await daemon.WaitForNonStaleData(patience);

        outlet.Delivered.ShouldBe([26]);
        (await Progress(store)).ShouldBe(40);
    }

    [Test]
    public async Task it_may_begin_at_the_present_and_does_so_once()
    {
        var schema = Stores.NewSchema();
        var outlet = new Outlet();
        using (var store = await New(outlet, schema, options => options.SubscribeFromPresent()))
        {
            await Append(store, 1, 7);
            using var daemon = await store.BuildProjectionDaemonAsync();
            await daemon.StartAllAsync();
        }

        using var later = await New(outlet, schema, options => options.SubscribeFromPresent());
        await Append(later, 8, 9);
        using var again = await later.BuildProjectionDaemonAsync();
        await again.StartAllAsync();
        await again.WaitForNonStaleData(patience);
        outlet.Delivered.ShouldBe([8, 9]);
    }

    [Test]
    public async Task it_may_begin_at_a_number_or_a_time()
    {
        var time = new VirtualTime(new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var schema = Stores.NewSchema();
        var (byNumber, byTime) = (new Outlet { Silent = true }, new Outlet { Silent = true });
        using var store = Stores.New(
            options =>
            {
                options.Events.TimeProvider = time;
                options.Events.Subscribe(byNumber, s =>
                {
                    s.Name = "number";
                    s.Version = 2;
                    s.Options.SubscribeFromSequence(3);
                });
                options.Events.Subscribe(byTime, s =>
                {
                    s.Name = "time";
                    s.Options.SubscribeFromTime(time.GetUtcNow().AddHours(4));
                });
            },
            schema);
        await Outlet.Table(schema);
        for (var n = 0; n < 6; n++)
        {
            await store.Append("s", new Counted(n));
            time.Advance(TimeSpan.FromHours(1));
        }

        using var daemon = await store.BuildProjectionDaemonAsync();
        await daemon.CatchUpAsync(patience, default);
        byNumber.Delivered.ShouldBe([4, 5, 6]);
        byTime.Delivered.ShouldBe([5, 6]);
        (await store.Advanced.ProjectionProgressFor(new ShardName("number", "All", 2))).ShouldBe(6);
        daemon.CurrentAgents().ShouldBeEmpty();
    }

    [Test]
    public async Task it_can_be_set_back()
    {
        var outlet = new Outlet { Silent = true };
        using var store = await New(outlet);
        await Append(store, 1, 6);
        using var daemon = await store.BuildProjectionDaemonAsync();
        await daemon.StartAllAsync();
        await daemon.WaitForNonStaleData(patience);
        await daemon.RewindSubscriptionAsync("outlet", default, sequenceFloor: 4);
        await daemon.WaitForNonStaleData(patience);

        outlet.Delivered.ShouldBe([1, 2, 3, 4, 5, 6, 5, 6]);
        await Should.ThrowAsync<ArgumentException>(() => daemon.RebuildProjectionAsync("outlet", default));
    }

    [Test]
    public async Task what_it_appends_itself_is_read_too()
    {
        var outlet = new Outlet { Echo = true };
        using var store = await New(outlet);
        await Append(store, 1, 2);
        using var daemon = await store.BuildProjectionDaemonAsync();
        await daemon.StartAllAsync();
        await Eventually.Is(async () => await Progress(store) == 4);

        outlet.Delivered.ShouldBe([1, 2, 3, 4]);
    }

    [Test]
    public async Task the_container_makes_it_with_its_services()
    {
        var schema = Stores.NewSchema();
        var outlet = new Outlet();
        await Outlet.Table(schema);
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddSingleton(outlet);
        builder.Services.AddMarten(options =>
            {
                options.Connection(Stores.Source);
                Journal.Configure(options, schema);
            })
            .AddSubscriptionWithServices<ScopedOutlet>(ServiceLifetime.Scoped, s => s.Options.BatchSize = 4)
            .AddAsyncDaemon(DaemonMode.Solo);
        using var host = builder.Build();
        await host.StartAsync();
        var store = host.Services.GetRequiredService<IDocumentStore>();
        await Append(store, 1, 10);
        await Eventually.Is(async () => await store.Advanced.ProjectionProgressFor(new("scoped")) == 10);

        outlet.Delivered.ShouldBe(Enumerable.Range(1, 10).Select(n => (long)n));
        outlet.Largest.ShouldBeLessThanOrEqualTo(4);
        await host.StopAsync();
    }

    private static async Task<DocumentStore> New(
        Outlet outlet, string? schema = null, Action<AsyncOptions>? configure = null, Type? only = null)
    {
        var store = Stores.New(
            options => options.Events.Subscribe(outlet, s =>
            {
                s.Name = "outlet";
                s.Options.BatchSize = 10;
                if (only is not null) s.IncludeType(only);
                configure?.Invoke(s.Options);
            }),
            schema);
        await Outlet.Table(store.Schema());

        return store;
    }

    private static async Task Append(IDocumentStore store, int from, int to)
    {
        for (var n = from; n <= to; n++) await store.Append("s", new Counted(n));
    }

    private static Task<int[]> Sent(DocumentStore store) => Stores.Ask<int[]>(
        $"select coalesce(array_agg(seq_id::int order by place), '{{}}') from {store.Schema()}.sent");

    private static Task<long> Progress(DocumentStore store) =>
        store.Advanced.ProjectionProgressFor(new ShardName("outlet"));

    public sealed class ScopedOutlet : SubscriptionBase
    {
        private readonly Outlet outlet;

        public ScopedOutlet(Outlet outlet) => (this.outlet, Name) = (outlet, "scoped");

        public override Task<IChangeListener> ProcessEventsAsync(
            EventRange page, ISubscriptionController controller, IDocumentOperations operations,
            CancellationToken cancellationToken) =>
            outlet.ProcessEventsAsync(page, controller, operations, cancellationToken);
    }

    /// <summary>Numbers what it sends, in the transaction of its progress.</summary>
    public sealed class Outlet : ISubscription
    {
        public int FailAt { get; set; } = -1;
        public int ReportAt { get; set; } = -1;
        public int AsideAt { get; init; } = -1;
        public bool Echo { get; init; }
        public bool Silent { get; init; }
        public int Largest { get; private set; }
        public List<long> Delivered { get; } = [];
        public ConcurrentQueue<(long Before, long After)> Told { get; } = [];

        public static Task Table(string schema) => Stores.Do(
            $"create schema if not exists {schema}; create table if not exists {schema}.sent"
            + " (place bigint generated always as identity, seq_id bigint primary key)");

        public async Task<IChangeListener> ProcessEventsAsync(
            EventRange page, ISubscriptionController controller, IDocumentOperations operations,
            CancellationToken cancellationToken)
        {
            Largest = Math.Max(Largest, page.Size);
            var done = page.SequenceFloor;
            foreach (var e in page.Events)
            {
                if (e.Sequence == FailAt) throw new InvalidOperationException("no");
                if (e.Sequence == ReportAt)
                {
                    await controller.ReportCriticalFailureAsync(new InvalidOperationException("no"), done);
                    break;
                }

                Delivered.Add(e.Sequence);
                done = e.Sequence;
                if (e.Sequence == AsideAt) await controller.RecordDeadLetterEventAsync(
                    e, new InvalidOperationException());
                else Send(operations, e);
            }

            return new Listening(this, (DocumentStore)operations.DocumentStore);
        }

        private void Send(IDocumentOperations operations, IEvent e)
        {
            if (Silent) return;

            var schema = ((DocumentStore)operations.DocumentStore).Schema();
            operations.QueueSqlCommand($"insert into {schema}.sent (seq_id) values (?)", e.Sequence);
            if (Echo && e.Data is Counted) operations.Events.Append("echo", new Renamed($"{e.Sequence}"));
        }

        private sealed class Listening(Outlet outlet, DocumentStore store) : IChangeListener
        {
            private long before;

            public async Task BeforeCommitAsync(
                IDocumentSession session, IChangeSet commit, CancellationToken token) =>
                    before = await Progress(store);

            public async Task AfterCommitAsync(
                IDocumentSession session, IChangeSet commit, CancellationToken token) =>
                outlet.Told.Enqueue((before, await Progress(store)));
        }
    }
}
