using Microsoft.Extensions.Logging;
using Npgsql;

namespace Billing.ServiceDefaults.UsagePath.Relaying;

/// <summary>
/// What a relay does with the database, each thing in its time: leases, marks, tides, and looking for what
/// memory does not have.
/// </summary>
internal sealed partial class RelayKeeper(
    RelayState state, RelayStore store, RelayLeases leases, RelayPages pages, Tides tides, Signal news,
    ReplayDesk desk, IEnumerable<IStepWatch> watches, TimeProvider time, ILogger<RelayKeeper> logger)
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan ShortBeat = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan QuietBeat = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan AfterTrouble = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan OftenLook = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan RareLook = TimeSpan.FromSeconds(1);

    private readonly IStepWatch[] _watches = [.. watches];
    private Task? _asked;
    private readonly Every _leases = new(leases.BetweenRenewals);
    private readonly Every _ends = new(OftenLook);
    private readonly Every _marks = new(TimeSpan.FromMilliseconds(200));
    private readonly Every _tides = new(TimeSpan.FromSeconds(2));

    public async Task Keep(string generation, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                var hasMore = await KeepOnce(generation, cancellation);
                if (!hasMore && state.IsQuiet())
                {
                    await Rest(cancellation);
                    continue;
                }

                await Task.Delay(hasMore ? ShortBeat : Beat, time, cancellation);
            }
            catch (NpgsqlException away)
            {
                Troubled(away.Message);
                await Task.Delay(AfterTrouble, time, cancellation);
            }

            // What was refused for a while is tried again.
            news.Set();
        }
    }

    /// <summary>Stores what was acknowledged since the last time.</summary>
    public async Task Mark(CancellationToken cancellation)
    {
        List<(RelayLane Lane, LaneMark Mark)> grown;
        lock (state.Gate)
            grown =
            [
                .. from topic in state.Topics.Values
                from lane in topic.Lanes
                where lane is not null && lane.Acknowledged > lane.Marked
                select (lane, new LaneMark(topic.Name, lane.Number, lane.Acknowledged)),
            ];
        if (grown.Count == 0) return;

        await store.Mark([.. grown.Select(one => one.Mark)], cancellation);
        lock (state.Gate)
            foreach (var (lane, mark) in grown) lane.Marked = mark.Acknowledged;

        foreach (var watch in _watches)
            foreach (var topic in grown.Select(one => one.Mark.Topic).Distinct())
                watch.Reached(Step.Marked, topic);
    }

    private async Task<bool> KeepOnce(string generation, CancellationToken cancellation)
    {
        if (_leases.IsDue(state.Now) && await leases.Renew(cancellation)) _tides.Now();
        var hasMore = await pages.FillGaps(cancellation);
        await pages.Answer(cancellation);
        // After the gaps: what is just being handed over has until the next beat to arrive.
        if (_ends.IsDue(state.Now)) await Look(cancellation);
        if (_marks.IsDue(state.Now)) await Mark(cancellation);
        if (_tides.IsDue(state.Now)) await tides.Prepare(generation, cancellation);
        return hasMore;
    }

    /// <summary>What is handed over goes out without us; a reader that asks is answered at once.</summary>
    private async Task Rest(CancellationToken cancellation)
    {
        _asked ??= desk.Asked.Wait(cancellation).AsTask();
        var woken = await Task.WhenAny(_asked, Task.Delay(QuietBeat, time, cancellation));
        if (woken == _asked) _asked = null;
        await woken;
    }

    /// <summary>
    /// Other processes of this service commit as well. While none does, memory has everything.
    /// </summary>
    private async Task Look(CancellationToken cancellation)
    {
        var ends = await store.Ends([.. state.Topics.Keys], cancellation);
        var isMissing = false;
        lock (state.Gate)
            foreach (var end in ends)
                if (state.Topics[end.Topic].Lanes[end.Lane] is { } lane)
                {
                    lane.Ends(end.LastNumber);
                    isMissing |= lane.Missing() is not null;
                }

        _ends.Period = isMissing ? OftenLook : RareLook;

        foreach (var topic in ends.GroupBy(end => end.Topic))
            RelayMetrics.Distance(topic.Key, topic.Sum(end => end.LastNumber - end.Acknowledged));
    }

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "The relay waits for its store: {Reason}")]
    private partial void Troubled(string reason);

    /// <summary>Due at first, and then after each period.</summary>
    private sealed class Every(TimeSpan period)
    {
        private TimeSpan _next;

        /// <summary>From the next time on.</summary>
        public TimeSpan Period { get; set; } = period;

        public void Now() => _next = TimeSpan.Zero;

        public bool IsDue(TimeSpan now)
        {
            if (now < _next) return false;

            _next = now + Period;
            return true;
        }
    }
}
