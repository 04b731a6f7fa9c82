using System.Diagnostics;
using Billing.Contracts;
using Billing.Contracts.Values;

namespace Billing.Bench.Ledger;

/// <summary>
/// The same ratings, posted by a Ledger with an empty database, and what it wrote, written again without it: in
/// turn. A rating is durable when the transaction that took its number is committed.
/// </summary>
internal static class LedgerRuns
{
    // The embedded broker forgets beyond 5 MiB a partition, and a few tenants have most of the use.
    private const int MostInEmbedded = 10_000;
    private const int LongestLook = 50; // milliseconds; a look costs PostgreSQL as much as ten charges do
    private static readonly TimeSpan LongestStandstill = TimeSpan.FromSeconds(60);

    /// <param name="PerSecond">From the first commit that was seen to the last.</param>
    /// <param name="WarmPerSecond">In the second half: a process that has just started compiles itself.</param>
    /// <param name="ProjectedPerSecond">The same up to when all projections had all of it.</param>
    /// <param name="CatchUpSeconds">From the last commit until projections and entries were there.</param>
    /// <param name="LargestDistance">Events that projections were behind.</param>
    /// <param name="Wrong">Null, or what does not add up.</param>
    internal sealed record Run(
        long Charges, long PerSecond, long WarmPerSecond, long ProjectedPerSecond, double CatchUpSeconds,
        double PublishedSeconds, long LargestDistance, long Commits, Costs Micros, Costs WarmMicros,
        double CoresUsed, long PeakMegabytes, IReadOnlyList<long> Megabytes, string? Wrong)
    {
        public long PerCommit => Charges / Math.Max(1, Commits);
    }

    /// <summary>Microseconds of processor time for each charge.</summary>
    internal sealed record Costs(double Ledger, double Postgres, double Broker);

    /// <param name="CopyPerSecond">In the same transactions of so many charges.</param>
    /// <param name="AlonePerSecond">One charge a transaction.</param>
    internal sealed record Pair(Run Run, long CopyPerSecond, long AlonePerSecond, int CopyBatch);

    internal sealed record Sizes(int Charges, int Pairs, int Alone);

    public static async Task<IReadOnlyList<Pair>> Measure(
        Installation bench, Sizes sizes, Report report, CancellationToken cancellation)
    {
        var charges = bench.IsEmbedded ? Math.Min(sizes.Charges, MostInEmbedded) : sizes.Charges;
        if (charges < sizes.Charges)
            report.Note($"the embedded broker keeps too little: {charges:N0} charges instead of {sizes.Charges:N0}");
        var (sums, bytes) = Fill(bench, charges, cancellation);
        report.Note($"{charges:N0} ratings of {bytes / charges:N0} bytes in {Topics.Ratings}; {Load.Tenants:N0} "
            + $"tenants by Zipf; {string.Join(", ", sums.Values)}");

        var pairs = new List<Pair>();
        for (var pair = 0; pair < sizes.Pairs; pair++)
        {
            await using var ledger = await Start(bench, cancellation);
            var run = await Post(bench, ledger, charges, sums, cancellation);
            await ledger.Stop(); // what is bare has the machine for itself
            var batch = (int)Math.Clamp(run.PerCommit, 1, charges);
            var bare = await BareWrites.Of(ledger.Data, batch, cancellation);
            pairs.Add(new(
                run, await bare.Copy(ledger.Data, cancellation),
                await bare.OneByOne(ledger.Data, sizes.Alone, cancellation), batch));
            report.LedgerPair(pair + 1, pairs[^1]);
        }

        report.Ledger(charges, pairs);
        return pairs;
    }

    private static (IReadOnlyDictionary<Currency, Amount> Sums, long Bytes) Fill(
        Installation bench, int charges, CancellationToken cancellation)
    {
        using var ratings = new FactFeed(
            bench.BootstrapServers, Topics.Ratings, Topics.Partitions, !bench.IsEmbedded);
        var load = new RatingLoad();
        for (var one = 0; one < charges; one++)
        {
            cancellation.ThrowIfCancellationRequested();
            load.Write(ratings);
        }

        ratings.Flush(cancellation);
        return (load.Sums, ratings.Bytes);
    }

    // With its subscriptions: they are not what is measured, and ratings would wait for them.
    private static async Task<RunningLedger> Start(Installation bench, CancellationToken cancellation)
    {
        var (process, data, address) = await bench.StartService(
            "Ledger", Resources.Ledger, RatingLoad.Subscribe, cancellation);
        return new(process, data, address);
    }

    private static async Task<Run> Post(
        Installation bench, RunningLedger ledger, int charges, IReadOnlyDictionary<Currency, Amount> sums,
        CancellationToken cancellation)
    {
        var watch = new Watch(bench, ledger, charges);
        await watch.UntilDone(cancellation);
        var wrong = await ledger.WhatIsWrong(charges, sums, cancellation);
        return watch.Result(await ledger.Commits(cancellation), wrong);
    }

    /// <summary>Looks at a Ledger at work until nothing is left to do.</summary>
    private sealed class Watch(Installation bench, RunningLedger ledger, int charges)
    {
        private readonly Stopwatch _clock = Stopwatch.StartNew();
        private readonly List<long> _megabytes = [];
        private Mark? _first, _half, _durable, _projected, _published;
        private long _distance;

        private sealed record Mark(TimeSpan At, long Charges, TimeSpan Ledger, TimeSpan Postgres, TimeSpan Broker);

        public async Task UntilDone(CancellationToken cancellation)
        {
            var (last, lastChange) = (default(RunningLedger.State), TimeSpan.Zero);
            while (_published is null || _projected is null)
            {
                var state = await ledger.Look(cancellation);
                if (state.Durable > 0) _first ??= Now(state);
                if (state.Durable >= charges / 2) _half ??= Now(state);
                if (state.Durable >= charges) _durable ??= Now(state);
                if (_durable is not null && state.Distance == 0) _projected ??= Now(state);
                if (_durable is not null && state.Published >= charges) _published ??= Now(state);
                _distance = Math.Max(_distance, state.Distance);
                if (_megabytes.Count < _clock.Elapsed.TotalSeconds * 2)
                    _megabytes.Add(ProcessTree.ResidentBytes(ledger.ProcessId) >> 20);

                if (state != last) (last, lastChange) = (state, _clock.Elapsed);
                if (_clock.Elapsed - lastChange > LongestStandstill)
                    throw new BenchFailed($"the Ledger stands still at {state}; it said: {ledger.Said}");
                await Task.Delay(LongestLook, cancellation);
            }
        }

        public Run Result(long commits, string? wrong)
        {
            var (first, half, durable) = (_first!, _half!, _durable!);
            var end = _projected!.At > _published!.At ? _projected : _published;
            var used = end.Ledger - first.Ledger + end.Postgres - first.Postgres + end.Broker - first.Broker;
            return new(
                charges, Rate(first, durable), Rate(half, durable), Rate(first, _projected),
                (_projected.At - durable.At).TotalSeconds, (_published.At - durable.At).TotalSeconds, _distance,
                commits, CostsOf(first, end), CostsOf(half, end), used / (end.At - first.At),
                _megabytes.Max(), _megabytes, wrong);
        }

        // What was taken before the first look, and what it cost to start, does not count.
        private long Rate(Mark from, Mark until) =>
            (long)((charges - from.Charges) / Math.Max((until.At - from.At).TotalSeconds, 0.001));

        private Costs CostsOf(Mark from, Mark until)
        {
            var counted = Math.Max(1, charges - from.Charges);
            return new(
                (until.Ledger - from.Ledger).TotalMicroseconds / counted,
                (until.Postgres - from.Postgres).TotalMicroseconds / counted,
                (until.Broker - from.Broker).TotalMicroseconds / counted);
        }

        private Mark Now(RunningLedger.State state) => new(
            _clock.Elapsed, state.Durable, ProcessTree.Processor(ledger.ProcessId),
            ProcessTree.Processor(bench.PostgresId), ProcessTree.Processor(bench.BrokerId));
    }
}
