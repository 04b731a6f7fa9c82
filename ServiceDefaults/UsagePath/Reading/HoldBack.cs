using System.Diagnostics.CodeAnalysis;

namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>
/// Facts that came before their turn, bounded for each lane and in total. What finds no room is forgotten: it
/// will be asked for.
/// </summary>
public sealed class HoldBack<T>(int mostOfLane, long mostBytes) where T : class
{
    private readonly Dictionary<int, SortedList<long, (T Fact, int Bytes)>> _lanes = [];

    /// <summary>Of all facts held.</summary>
    public long Bytes { get; private set; }

    public int Count { get; private set; }

    /// <summary>False where it has no place. The nearest numbers of a lane are kept.</summary>
    public bool Add(int lane, long number, T fact, int bytes)
    {
        var held = _lanes.GetValueOrDefault(lane) ?? [];
        if (held.ContainsKey(number)) return true;

        while (IsFull(held, bytes) && held.Count > 0 && held.Keys[^1] > number)
            Remove(lane, held, held.Keys[^1]);
        if (IsFull(held, bytes)) return false;

        held.Add(number, (fact, bytes));
        _lanes[lane] = held;
        (Bytes, Count) = (Bytes + bytes, Count + 1);
        return true;
    }

    /// <summary>The lane's fact with this number, which is then held no more.</summary>
    public bool TryTake(int lane, long number, [NotNullWhen(true)] out T? fact)
    {
        fact = null;
        if (!_lanes.TryGetValue(lane, out var held)) return false;

        while (First(held) is { } first && first < number) Remove(lane, held, first);
        if (!held.TryGetValue(number, out var found)) return false;

        fact = found.Fact;
        Remove(lane, held, number);
        return true;
    }

    /// <summary>The lowest number of the lane that is held.</summary>
    public long? First(int lane) => _lanes.TryGetValue(lane, out var held) ? First(held) : null;

    public void Forget(int lane)
    {
        if (!_lanes.Remove(lane, out var held)) return;

        (Bytes, Count) = (Bytes - held.Values.Sum(one => (long)one.Bytes), Count - held.Count);
    }

    private bool IsFull(SortedList<long, (T Fact, int Bytes)> held, int bytes) =>
        held.Count >= mostOfLane || Bytes + bytes > mostBytes;

    private static long? First(SortedList<long, (T Fact, int Bytes)> held) =>
        held.Count > 0 ? held.Keys[0] : null;

    private void Remove(int lane, SortedList<long, (T Fact, int Bytes)> held, long number)
    {
        if (held.Remove(number, out var gone)) (Bytes, Count) = (Bytes - gone.Bytes, Count - 1);
        if (held.Count == 0) _lanes.Remove(lane);
    }
}
