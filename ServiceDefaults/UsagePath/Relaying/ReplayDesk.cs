using System.Diagnostics.CodeAnalysis;

namespace Billing.ServiceDefaults.UsagePath.Relaying;

/// <summary>
/// The numbers that readers asked for and that were not answered yet: bounded, and each only once, however
/// many ask. What finds no room is asked for again.
/// </summary>
internal sealed class ReplayDesk
{
    /// <summary>Of one request; a reader asks for the rest when it has come so far.</summary>
    public const int MostNumbers = 2_000;

    private const int MostRangesOfLane = 16;

    private readonly Lock _gate = new();
    private readonly Dictionary<(string Topic, int Lane), List<Range>> _lanes = [];
    private readonly Queue<(string Topic, int Lane)> _turns = [];

    /// <summary>There is something new to answer.</summary>
    public Signal Asked { get; } = new();

    public void Ask(string topic, int lane, long from, long through)
    {
        if (from < 1 || through < from) return;

        lock (_gate)
        {
            if (!_lanes.TryGetValue((topic, lane), out var ranges))
            {
                _lanes[(topic, lane)] = ranges = [];
                _turns.Enqueue((topic, lane));
            }

            Merge(ranges, First(new(from, through), MostNumbers));
        }

        Asked.Set();
    }

    /// <summary>The first numbers of the lane whose turn it is.</summary>
    public bool TryTake(int most, [NotNullWhen(true)] out string? topic, out int lane, out Range range)
    {
        lock (_gate)
        {
            (topic, lane, range) = (null, 0, default);
            if (!_turns.TryDequeue(out var turn)) return false;

            (topic, lane) = turn;
            var ranges = _lanes[turn];
            range = First(ranges[0], most);
            if (range.Through < ranges[0].Through) ranges[0] = ranges[0] with { From = range.Through + 1 };
            else ranges.RemoveAt(0);

            if (ranges.Count > 0) _turns.Enqueue(turn);
            else _lanes.Remove(turn);
            return true;
        }
    }

    private static Range First(Range range, int most) =>
        range with { Through = range.From + Math.Min(range.Through - range.From, most - 1) };

    /// <summary>Sorted, apart from each other.</summary>
    private static void Merge(List<Range> ranges, Range asked)
    {
        for (var place = ranges.Count - 1; place >= 0; place--)
        {
            var other = ranges[place];
            if (other.From - 1 > asked.Through || asked.From - 1 > other.Through) continue;

            asked = new(Math.Min(asked.From, other.From), Math.Max(asked.Through, other.Through));
            ranges.RemoveAt(place);
        }

        if (ranges.Count >= MostRangesOfLane) return;

        var after = ranges.FindIndex(other => other.From > asked.From);
        ranges.Insert(after < 0 ? ranges.Count : after, asked);
    }

    /// <summary>Numbers of one lane, the last one included.</summary>
    public readonly record struct Range(long From, long Through);
}
