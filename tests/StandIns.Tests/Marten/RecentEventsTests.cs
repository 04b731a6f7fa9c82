using System.Collections.Concurrent;
using System.Text.Json;
using Billing.Testbed;
using JasperFx.Events;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Marten.Subscriptions;

namespace Billing.StandIns.Tests.Marten;

/// <summary>What a process appended itself reaches its subscriptions without being read again.</summary>
public class RecentEventsTests
{
    private static readonly TimeSpan patience = Eventually.Patience;

    [TestCase(1)]
    [TestCase(200)] // which go in by COPY
    public async Task it_arrives_as_it_would_be_read(int events)
    {
        var seen = new Seen();
        using var store = New(seen);
        using var daemon = await store.BuildProjectionDaemonAsync();
        await daemon.StartAllAsync();
        await using (var session = store.LightweightSession())
        {
            for (var n = 1; n <= events; n++)
            {
                var e = session.Events.BuildEvent(new Counted(n));
                e.Timestamp = new DateTimeOffset(2026, 3, 14, 12, 0, 0, TimeSpan.FromHours(2)).AddTicks(n * 13);
                e.SetHeader("trace", $"trace {n}");
                session.Events.Append($"stream {n % 3}", e);
            }

            await session.SaveChangesAsync();
        }

        await daemon.WaitForNonStaleData(patience);

        seen.Events.Select(e => e.Sequence).ShouldBe(Enumerable.Range(1, events).Select(n => (long)n));
        foreach (var e in seen.Events)
        {
            await using var reading = store.QuerySession();
            Whole(e).ShouldBe(Whole((await reading.Events.LoadAsync(e.Id))!));
        }
    }

    [Test]
    public async Task what_another_process_appends_meanwhile_is_read_and_nothing_comes_twice()
    {
        var seen = new Seen();
        using var store = New(seen, batch: 7);
        using var other = Stores.New(schema: store.Schema());
        using var daemon = await store.BuildProjectionDaemonAsync();
        await daemon.StartAllAsync();
        await Task.WhenAll(
            Many(store, "own"), Many(store, "own too"), Many(other, "another's"), Many(other, "another's too"));
        await daemon.WaitForNonStaleData(patience);

        seen.Events.Select(e => e.Sequence).ShouldBe(Enumerable.Range(1, 800).Select(n => (long)n));
        seen.Events.GroupBy(e => e.StreamKey).ShouldAllBe(stream =>
            stream.Select(e => e.Version).SequenceEqual(Enumerable.Range(1, 200).Select(n => (long)n)));

        static async Task Many(IDocumentStore store, string stream)
        {
            for (var n = 0; n < 20; n++)
                await store.Append(stream, [.. Enumerable.Range(n * 10, 10).Select(at => new Counted(at))]);
        }
    }

    [Test]
    public async Task what_was_rolled_back_never_arrives_and_holds_nothing_up()
    {
        var seen = new Seen();
        using var store = New(seen);
        using var daemon = await store.BuildProjectionDaemonAsync();
        await daemon.StartAllAsync();
        await store.Append("s", new Counted(1));
        await using (var session = store.LightweightSession())
        {
            session.Events.Append("s", new Counted(2), new Counted(3));
            session.QueueSqlCommand("select 1 / 0");
            await Should.ThrowAsync<Exception>(() => session.SaveChangesAsync());
        }

        await store.Append("s", new Counted(4));
        await daemon.WaitForNonStaleData(patience);

        seen.Events.Select(e => ((Counted)e.Data).Amount).ShouldBe([1, 4]);
    }

    private static DocumentStore New(Seen seen, int batch = 50) => Stores.New(options =>
    {
        options.Events.AppendMode = EventAppendMode.QuickWithServerTimestamps;
        options.Events.Subscribe(seen, s => (s.Name, s.Options.BatchSize) = ("seen", batch));
    });

    /// <summary>All that is known of an event.</summary>
    private static string Whole(IEvent e)
    {
        e.Headers?.Values.ShouldAllBe(value => value is JsonElement);
        return JsonSerializer.Serialize(new
        {
            e.Sequence,
            e.Id,
            e.StreamKey,
            e.Version,
            e.Timestamp,
            e.TenantId,
            e.EventTypeName,
            e.DotNetTypeName,
            e.IsArchived,
            e.Headers,
            e.CausationId,
            e.CorrelationId,
            e.UserName,
            Type = e.EventType.FullName,
            e.Data,
        });
    }

    private sealed class Seen : ISubscription
    {
        private readonly ConcurrentQueue<IEvent> events = new();

        public IReadOnlyList<IEvent> Events => [.. events];

        public Task<IChangeListener> ProcessEventsAsync(
            EventRange page, ISubscriptionController controller, IDocumentOperations operations,
            CancellationToken cancellationToken)
        {
            foreach (var e in page.Events) events.Enqueue(e);
            return Task.FromResult<IChangeListener>(NullChangeListener.Instance);
        }
    }
}
