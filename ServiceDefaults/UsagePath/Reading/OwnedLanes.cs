namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>
/// The lanes of a topic, for two threads: the consumer's gives and takes them away, the batch's decides.
/// </summary>
internal sealed class OwnedLanes(string topic)
{
    private const int MostHeldOfLane = 2 * Gap.MostNumbers;
    private const long MostHeldBytes = 16 * 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly LaneTable _table = new(new(MostHeldOfLane, MostHeldBytes));
    private readonly Texts _texts = new();

    public void Add(ReadPosition partition, IEnumerable<LaneRow> rows)
    {
        lock (_gate) _table.Add(partition, rows);
    }

    public void Remove(int partition, IEnumerable<int> lanes)
    {
        lock (_gate) _table.Remove(partition, lanes);
    }

    /// <summary>Those that are not stopped.</summary>
    public List<Lane> Running()
    {
        lock (_gate) return [.. _table.Lanes.Where(lane => lane.State.StoppedBecause is null)];
    }

    public (int Held, int Gaps, DateTimeOffset? OldestGap) Look()
    {
        lock (_gate)
        {
            var gaps = _table.Lanes.Where(lane => lane.Gap is not null).ToList();
            return (_table.Held.Count, gaps.Count, gaps.Min(lane => lane.Gap?.Since));
        }
    }

    public Plan Plan(Bundle bundle, DateTimeOffset now)
    {
        lock (_gate) return ReadBundle.Plan(topic, bundle, _table, _texts, now);
    }

    /// <summary>Of facts that were decided on: those that are ours still and not committed already.</summary>
    public List<ReadFact> StillOurs(IReadOnlyList<ReadFact> facts)
    {
        lock (_gate)
            return [.. facts.Where(
                fact => _table.IsOurs(fact.Owner!) && fact.Header.Number > fact.Owner!.Committed)];
    }

    public List<ReadPosition> StillOurs(IReadOnlyList<ReadPosition> positions)
    {
        lock (_gate)
            return [.. positions.Where(
                position => _table.Position(position.Partition)?.Epoch == position.Epoch)];
    }

    public bool IsOurs(Lane lane)
    {
        lock (_gate) return _table.IsOurs(lane);
    }

    public void Committed(IReadOnlyList<ReadFact> facts)
    {
        lock (_gate)
            foreach (var fact in facts) fact.Owner!.Committed = fact.Header.Number;
    }

    /// <returns>The lanes that were lost.</returns>
    public IReadOnlyList<int> Correct(
        IReadOnlyList<LaneRow> rows, IReadOnlyDictionary<int, (long Epoch, long? NextOffset)> partitions)
    {
        lock (_gate) return _table.Correct(rows, partitions);
    }

    /// <summary>Lanes of which everything up to a moment is committed by now.</summary>
    public List<(Lane Lane, DateTimeOffset Moment)> Reached()
    {
        lock (_gate)
            return [.. _table.Lanes.Where(lane => lane.State.StoppedBecause is null)
                .Select(lane => (lane, Moment: lane.Reach()))
                .Where(one => one.Moment is not null).Select(one => (one.lane, one.Moment!.Value))];
    }

    /// <summary>What is due to be asked for now.</summary>
    public List<(Lane Lane, long From, long Through)> Asks(DateTimeOffset now)
    {
        lock (_gate) return _table.Asks(now);
    }
}
