namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>
/// The lanes of a topic that this process owns, and what came of them before its turn. For one thread at a
/// time.
/// </summary>
internal sealed class LaneTable(HoldBack<ReadFact> held)
{
    private readonly Dictionary<int, Lane> _lanes = [];
    private readonly Dictionary<int, ReadPosition> _partitions = [];

    public HoldBack<ReadFact> Held => held;

    public IReadOnlyCollection<Lane> Lanes => _lanes.Values;

    public Lane? Find(int lane) => _lanes.GetValueOrDefault(lane);

    public ReadPosition? Position(int partition) => _partitions.GetValueOrDefault(partition);

    public bool IsOurs(Lane lane) => _lanes.GetValueOrDefault(lane.Number) == lane;

    public void Add(ReadPosition partition, IEnumerable<LaneRow> rows)
    {
        _partitions[partition.Partition] = partition;
        foreach (var row in rows)
        {
            held.Forget(row.Lane);
            _lanes[row.Lane] = new(row.Lane, row.Epoch, row.State);
        }
    }

    public void Remove(int partition, IEnumerable<int> lanes)
    {
        _partitions.Remove(partition);
        foreach (var lane in lanes) Forget(lane);
    }

    public void Pass(int partition, long offset)
    {
        if (_partitions.TryGetValue(partition, out var position))
            _partitions[partition] = position with { NextOffset = offset + 1 };
    }

    /// <summary>The database knows better: whose lanes they are, and how far each was taken.</summary>
    /// <returns>The lanes that were lost.</returns>
    public IReadOnlyList<int> Correct(
        IReadOnlyList<LaneRow> rows, IReadOnlyDictionary<int, (long Epoch, long? NextOffset)> partitions)
    {
        var lost = new List<int>();
        foreach (var row in rows)
        {
            if (!_lanes.TryGetValue(row.Lane, out var lane)) continue;

            lane.Committed = row.State.LastNumber;
            if (lane.Epoch == row.Epoch && row.State.StoppedBecause is null) continue;

            lost.Add(row.Lane);
            Forget(row.Lane);
        }

        foreach (var (partition, row) in partitions)
            if (Position(partition) is { } ours && ours.Epoch != row.Epoch) _partitions.Remove(partition);

        return lost;
    }

    /// <summary>What is due to be asked for now.</summary>
    public List<(Lane Lane, long From, long Through)> Asks(DateTimeOffset now)
    {
        var asks = new List<(Lane, long, long)>();
        foreach (var lane in _lanes.Values)
        {
            if (lane.Gap is null || lane.State.Generation is null) continue;
            if (Gap.Ask(lane.Gap, lane.State.LastNumber, held.First(lane.Number), now) is { } ask)
            {
                lane.Gap = ask.Gap;
                asks.Add((lane, ask.From, ask.Through));
            }
        }

        return asks;
    }

    private void Forget(int lane)
    {
        _lanes.Remove(lane);
        held.Forget(lane);
    }
}
