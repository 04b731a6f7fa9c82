using System.Diagnostics;
using Billing.Testbed;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events.Projections;

namespace Billing.StandIns.Tests.Marten;

/// <summary>
/// Numbers to read, not to judge by: they are the machine's. The real package measured 19,000 events a
/// second to one stream and 9,900 with a new stream for each batch, 500 events a batch, on two shared cores.
/// </summary>
public class Measurements
{
    private const int Batch = 500;

    private static int Batches => TestSize.Of(4, 120);

    [Test]
    public async Task appends_to_one_stream() => await Measure("one stream", (_, _) => "one");

    [Test]
    public async Task appends_with_a_new_stream_for_each_batch() =>
        await Measure("a new stream for each batch", (batch, _) => $"batch/{batch}");

    [Test]
    public async Task appends_to_many_streams() =>
        await Measure("100 of 1,000 streams in each batch",
            (batch, n) => $"s{((batch * 7) + (n % 100)) % 1_000}");

    [Test]
    public async Task single_events_in_commits_of_their_own()
    {
        using var store = Stores.New();
        await store.Append("warm", Charge(0));
        var count = TestSize.Of(50, 2_000);
        var clock = Clock.Start();
        for (var n = 0; n < count; n++) await store.Append($"s{n % 100}", Charge(n));

        Print("commits of one event", count, clock);
        (await store.Advanced.FetchEventStoreStatistics()).EventCount.ShouldBe(count + 1);
    }

    [Test]
    public async Task a_projection_follows_and_is_rebuilt()
    {
        var totals = new Totals();
        using var store = Stores.New(options => options.Projections.Add(
            totals, ProjectionLifecycle.Async, asyncConfiguration: async => async.BatchSize = 2_000));
        using var daemon = await store.BuildProjectionDaemonAsync();
        await daemon.StartAllAsync();
        for (var batch = 0; batch < 10; batch++) await Append(store, batch, (_, n) => $"warm/{n % 3}");
        await daemon.WaitForNonStaleData(TimeSpan.FromMinutes(1));
        var clock = Clock.Start();
        for (var batch = 0; batch < Batches; batch++) await Append(
            store, batch, (b, n) => $"s{(b + n) % 100}");
        Print("appended with a projection running", Batches * Batch, clock);
        clock = Clock.Start();
        await daemon.WaitForNonStaleData(TimeSpan.FromMinutes(1));
        TestContext.Out.WriteLine($"the projection is there {clock.Elapsed.TotalMilliseconds:F0} ms later");
        totals.Count.ShouldBe((Batches + 10) * Batch);

        clock = Clock.Start();
        await daemon.RebuildProjectionAsync("Totals", default);
        Print("read again in a rebuild", (Batches + 10) * Batch, clock);
        totals.Count.ShouldBe(2 * (Batches + 10) * Batch);
    }

    private static async Task Measure(string what, Func<int, int, string> stream)
    {
        using var store = Stores.New();
        for (var batch = 0; batch < 3; batch++) await Append(store, batch, (_, n) => $"warm/{n % 3}");

        var clock = Clock.Start();
        for (var batch = 0; batch < Batches; batch++) await Append(store, batch, stream);
        Print(what, Batches * Batch, clock);
        (await store.Advanced.FetchEventStoreStatistics()).EventCount.ShouldBe((Batches + 3) * Batch);
    }

    private static async Task Append(DocumentStore store, int batch, Func<int, int, string> stream)
    {
        await using var session = store.LightweightSession();
        for (var n = 0; n < Batch; n++)
        {
            var e = session.Events.BuildEvent(Charge(n));
            e.Id = Guid.CreateVersion7();
            e.SetHeader("actor", "pricing");
            session.Events.Append(stream(batch, n), e);
        }

        await session.SaveChangesAsync();
    }

    private static Charged Charge(int n) => new(
        $"tenant-{n % 50}", "api-calls", 1.25m * n, "USD", DateTimeOffset.UnixEpoch.AddSeconds(n),
            $"rating-{n}");

    private static void Print(string what, int events, Clock clock)
    {
        var (time, cpu) = (clock.Elapsed, Environment.CpuUsage.TotalTime - clock.Cpu);
        TestContext.Out.WriteLine($"{what}: {events / time.TotalSeconds:N0} events/s ({events:N0} in"
            + $" {time.TotalMilliseconds:N0} ms; {cpu.TotalMicroseconds / events:N1} µs of CPU here each)");
    }

    private sealed record Clock(Stopwatch Watch, TimeSpan Cpu)
    {
        public TimeSpan Elapsed => Watch.Elapsed;

        public static Clock Start() => new(Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
    }

    public sealed record Charged(
        string Tenant, string Meter, decimal Amount, string Currency, DateTimeOffset UsedAt, string Cause);

    public sealed class Totals : IProjection
    {
        public int Count { get; private set; }

        public Task ApplyAsync(
            IDocumentOperations operations, IReadOnlyList<IEvent> events, CancellationToken cancellation)
        {
            Count += events.Count;

            return Task.CompletedTask;
        }
    }
}
