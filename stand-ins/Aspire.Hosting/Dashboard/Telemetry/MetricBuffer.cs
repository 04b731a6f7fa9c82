namespace Aspire.Hosting.Dashboard;

/// <summary>The metrics of all services: the last half hour of each series.</summary>
internal sealed class MetricBuffer(TelemetryLimits limits, TimeProvider time)
{
    private static readonly TimeSpan Stale = TimeSpan.FromMinutes(5);

    private readonly Lock _lock = new();
    private readonly Dictionary<MetricName, Instrument> _instruments = [];
    private long _bytes;
    private int _series;
    private long _changes;
    private long _refused;
    private DateTimeOffset _nextSweep;

    public long Changes => Interlocked.Read(ref _changes);

    public (int Series, long PointsRefused, long Bytes) Size
    {
        get { lock (_lock) return (_series, _refused, _bytes); }
    }

    public void Add(IReadOnlyList<Measurement> measurements)
    {
        lock (_lock)
        {
            foreach (var measurement in measurements) Add(measurement);
            Interlocked.Add(ref _changes, measurements.Count);
        }
    }

    public IReadOnlyList<(MetricName Name, MetricDescription Description, int Series)> Names()
    {
        lock (_lock)
            return [.. _instruments.Select(one => (one.Key, one.Value.Description, one.Value.Series.Count))];
    }

    public MetricSnapshot? Find(MetricName name)
    {
        lock (_lock)
        {
            if (!_instruments.TryGetValue(name, out var instrument)) return null;

            var series = instrument.Series.Values
                .Select(one => new SeriesSnapshot(one.Instance, one.Attributes, one.ToArray()));
            return new(name, instrument.Description, [.. series]);
        }
    }

    private void Add(Measurement measurement)
    {
        if (Series(measurement) is not { } series)
        {
            _refused++;
            return;
        }

        var before = series.Bytes;
        series.Add(measurement.Point, limits);

        // Above the limit each series pays for its news with its past.
        var room = _bytes + series.Bytes - before > limits.MetricBytes;
        if (room && series.RemoveOldest()) series.RemoveOldest();
        _bytes += series.Bytes - before;
    }

    private MetricSeries? Series(Measurement measurement)
    {
        if (!_instruments.TryGetValue(measurement.Metric, out var instrument)
            || instrument.Description.Kind != measurement.Description.Kind
            || instrument.Description.IsDelta != measurement.Description.IsDelta)
        {
            if (!MakeRoom()) return null;
            if (instrument is not null) Forget(instrument, instrument.Series.Keys);
            _instruments[measurement.Metric] = instrument = new(measurement.Description);
        }

        var key = Key(measurement);
        if (instrument.Series.TryGetValue(key, out var series)) return series;
        if (instrument.Series.Count >= limits.SeriesPerInstrument || !MakeRoom()) return null;

        series = new(measurement.Description.IsDelta, measurement.Sender, measurement.Attributes);
        instrument.Series[key] = series;
        _series++;
        _bytes += series.Bytes;
        return series;
    }

    private bool MakeRoom()
    {
        if (!IsFull()) return true;

        var now = time.GetUtcNow();
        if (now < _nextSweep) return false;

        _nextSweep = now + TimeSpan.FromSeconds(10);
        var silentSince = (now - Stale).ToUnixTimeMilliseconds();
        foreach (var (name, instrument) in _instruments.ToArray())
        {
            Forget(instrument, instrument.Series.Where(one => one.Value.LastTime < silentSince).Select(one => one.Key));
            if (instrument.Series.Count == 0) _instruments.Remove(name);
        }

        return !IsFull();
    }

    private bool IsFull() => _series >= limits.Series || _bytes >= limits.MetricBytes;

    private void Forget(Instrument instrument, IEnumerable<string> keys)
    {
        foreach (var key in keys.ToArray())
        {
            instrument.Series.Remove(key, out var series);
            _bytes -= series!.Bytes;
            _series--;
        }
    }

    private static string Key(Measurement measurement) =>
        measurement.Sender.Instance + '\u001e' + AttributeKey(measurement.Attributes);

    /// <summary>The same attributes in another order are the same series.</summary>
    public static string AttributeKey(TelemetryAttribute[] attributes) => string.Join(
        '\u001f',
        attributes.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => one.Key + "=" + one.Value));

    private sealed class Instrument(MetricDescription description)
    {
        public MetricDescription Description => description;

        public Dictionary<string, MetricSeries> Series { get; } = new(StringComparer.Ordinal);
    }
}

internal sealed record SeriesSnapshot(string Instance, TelemetryAttribute[] Attributes, MetricPoint[] Points);

internal sealed record MetricSnapshot(MetricName Name, MetricDescription Description, SeriesSnapshot[] Series);
