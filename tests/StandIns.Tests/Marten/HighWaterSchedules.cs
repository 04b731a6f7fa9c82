using System.Diagnostics;
using Billing.Testbed;
using JasperFx.Events.Daemon;
using Marten;
using Marten.AsyncDaemon;

namespace Billing.StandIns.Tests.Marten;

/// <summary>
/// Small schedules, each made of a seed: transactions that open, take numbers, write, undo, stay open,
/// commit and roll back in any order, and a reader that looks and reads between any two steps, with pages of
/// any size, and starts again now and then. The schedule knows which numbers may still appear, so the mark
/// is judged at every look, not only at the end.
/// </summary>
public class HighWaterSchedules
{
    private const int Lanes = 2;

    [Test]
    public async Task none_is_skipped_and_none_is_read_twice()
    {
        var count = TestSize.Of(1_000, 20_000);
        var clock = Stopwatch.StartNew();
        var looks = await Task.WhenAll(Enumerable.Range(0, Lanes).Select(lane => Task.Run(async () =>
        {
            using var store = Stores.New();
            await store.Storage.ApplyAllConfiguredChangesToDatabaseAsync();
            using var schedules = new Schedule(store);
            for (var seed = lane; seed < count; seed += Lanes) await schedules.Run(seed);

            return schedules.Looks;
        })));

        TestContext.Out.WriteLine(
            $"{count} schedules, {looks.Sum()} looks in {clock.Elapsed.TotalSeconds:F1} s");
    }

    private sealed class Schedule(DocumentStore store) : IDisposable
    {
        private const int Slots = 4;

        private readonly Writer?[] open = new Writer?[Slots];
        private readonly List<long> seen = [];
        private HighWater water = new(store.Parts);
        private Random random = new(0);
        private long position;
        private long last;
        private int seed;

        public int Looks { get; private set; }

        public async Task Run(int seed)
        {
            (this.seed, random) = (seed, new(seed));
            var floor = position;
            seen.Clear();
            for (var steps = random.Next(6, 16); steps > 0; steps--)
            {
                await Step(random.Next(Slots));
                if (random.Next(2) == 0) await Read();
                if (random.Next(12) == 0) await Restart();
            }

            for (var slot = 0; slot < Slots; slot++) await End(slot);
            await Read();

            water.Unsettled.ShouldBeFalse($"seed {seed}: nobody writes, and the mark is not at the end");
            var committed = await Writer.Committed(store, floor);
            seen.SequenceEqual(committed).ShouldBeTrue(
                $"seed {seed}: read {string.Join(',', seen)} of {string.Join(',', committed)}");
        }

        public void Dispose() => water.Dispose();

        private async Task Step(int slot)
        {
            if (open[slot] is null)
            {
                if (random.Next(6) == 0) await store.Append("whole", new Counted(1), new Counted(2));
                else open[slot] = await Writer.Begin(store);
                return;
            }

            var writer = open[slot]!;
            switch (random.Next(8))
            {
                case 0 or 1 or 2: await writer.Insert($"s{slot}", random.Next(1, 4)); break;
                case 3: await writer.Take(random.Next(1, 3)); break;
                case 4: await writer.InsertTaken($"s{slot}"); break;
                case 5: await writer.InsertAndUndo($"s{slot}"); break;
                default: await End(slot); break;
            }
        }

        private async Task End(int slot)
        {
            if (open[slot] is not { } writer) return;

            open[slot] = null;
            if (random.Next(3) > 0) await writer.Commit();
            await writer.DisposeAsync();
        }

        private async Task Read()
        {
            Looks++;
            var mark = await water.Detect(default);
            var inFlight = open.SelectMany(writer => writer?.Numbers ?? [])
                .DefaultIfEmpty(long.MaxValue).Min();
            mark.ShouldBeLessThan(inFlight, $"seed {seed}: the mark passed a number that may still appear");
            mark.ShouldBeGreaterThanOrEqualTo(last, $"seed {seed}: the mark went back");
            last = mark;

            // A run that ends early leaves the rest to the next look.
            var stop = random.Next(3) == 0 ? 1 : int.MaxValue;
            if (open.All(writer => writer is null)) stop = int.MaxValue;
            for (; position < mark && stop > 0; stop--)
            {
                var page = await new PageLoader(store.Parts, [], random.Next(1, 6))
                    .Load(position, mark, new ErrorHandlingOptions(), default);
                page.Events.ShouldAllBe(e => e.Sequence > position && e.Sequence <= page.Ceiling);
                seen.AddRange(page.Events.Select(e => e.Sequence));
                position = page.Ceiling;
            }
        }

        /// <summary>With the mark as it was stored last, or an older one.</summary>
        private async Task Restart()
        {
            if (random.Next(2) == 0) await water.Store(default);
            water.Dispose();
            water = new(store.Parts);
            last = 0;
        }
    }
}
