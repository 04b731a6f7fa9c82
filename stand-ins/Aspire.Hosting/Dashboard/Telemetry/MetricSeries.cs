namespace Aspire.Hosting.Dashboard;

/// <summary>The newest points of one attribute set of one instance. Not thread-safe.</summary>
internal sealed class MetricSeries(bool isDelta, Sender sender, TelemetryAttribute[] attributes)
{
    private const int PointBytes = 40;
    private MetricPoint[] _ring = new MetricPoint[8];
    private int _first;

    public string Instance => sender.Instance;

    public TelemetryAttribute[] Attributes => attributes;

    public int Count { get; private set; }

    public long Bytes { get; private set; } = 512 + Sizes.Of(attributes);

    public long LastTime => Count == 0 ? 0 : this[Count - 1].Time;

    public MetricPoint this[int index] => _ring[(_first + index) % _ring.Length];

    public MetricPoint[] ToArray() => [.. Enumerable.Range(0, Count).Select(index => this[index])];

    /// <summary>Takes the point, unless it is older than the last. Points of one slot of time become one.</summary>
    public void Add(MetricPoint point, TelemetryLimits limits)
    {
        if (Count > 0)
        {
            var last = this[Count - 1];
            if (isDelta) point = Sum(last, point);
            if (point.Time < last.Time) return;

            // A histogram that stands still costs one array, not one per point.
            point = point.Count == last.Count && point.Start == last.Start
                ? point with { Buckets = last.Buckets }
                : point with { Buckets = point.Buckets?.Beside(last.Buckets) };

            var slot = Math.Max(1, (long)limits.Resolution.TotalMilliseconds);
            if (Count > 1 && last.Time / slot == point.Time / slot && last.Start == point.Start) RemoveLast();
        }

        if (Count == limits.PointsPerSeries) RemoveOldest();
        if (Count == _ring.Length) Widen(Math.Min(_ring.Length * 2, Math.Max(limits.PointsPerSeries, _ring.Length + 1)));
        var before = Count == 0 ? default : this[Count - 1];
        _ring[(_first + Count++) % _ring.Length] = point;
        Bytes += Size(point, before);
    }

    public bool RemoveOldest()
    {
        if (Count <= 2) return false;

        Bytes -= Size(this[0], this[1]);
        _ring[_first] = default;
        _first = (_first + 1) % _ring.Length;
        Count--;
        return true;
    }

    private void RemoveLast()
    {
        Bytes -= Size(this[Count - 1], this[Count - 2]);
        Count--;
    }

    private void Widen(int length)
    {
        var wider = new MetricPoint[length];
        ToArray().CopyTo(wider, 0);
        (_ring, _first) = (wider, 0);
    }

    /// <summary>Deltas are added up on arrival, so that all series read alike from here on.</summary>
    private static MetricPoint Sum(MetricPoint last, MetricPoint delta) => new(
        delta.Time,
        last.Start,
        last.Value + delta.Value,
        last.Count > long.MaxValue - delta.Count ? long.MaxValue : last.Count + delta.Count,
        last.Buckets is { } sum && delta.Buckets is { } more ? sum.Plus(more) ?? more : delta.Buckets);

    private static long Size(MetricPoint point, MetricPoint neighbor) =>
        PointBytes + (point.Buckets is null || ReferenceEquals(point.Buckets, neighbor.Buckets) ? 0 : point.Buckets.Bytes);
}
