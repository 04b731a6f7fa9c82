namespace Aspire.Hosting.Dashboard;

/// <summary>Everything the services have told, as far as it is kept.</summary>
internal sealed class TelemetryStore(TelemetryLimits limits, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly SortedSet<string> _services = new(StringComparer.Ordinal);

    public TelemetryLimits Limits => limits;

    public LogBuffer Logs { get; } = new(limits);

    public TraceBuffer Traces { get; } = new(limits);

    public MetricBuffer Metrics { get; } = new(limits, time);

    /// <summary>Names of all senders seen.</summary>
    public string[] Services
    {
        get { lock (_lock) return [.. _services]; }
    }

    public void Add(IReadOnlyList<LogEntry> logs)
    {
        Note(logs.Select(log => log.Sender));
        Logs.Add(logs);
    }

    public void Add(IReadOnlyList<SpanEntry> spans)
    {
        Note(spans.Select(span => span.Sender));
        Traces.Add(spans);
    }

    public void Add(IReadOnlyList<Measurement> measurements)
    {
        Note(measurements.Select(measurement => measurement.Sender));
        Metrics.Add(measurements);
    }

    private void Note(IEnumerable<Sender> senders)
    {
        lock (_lock)
        {
            foreach (var sender in senders)
                if (_services.Count < limits.Services) _services.Add(sender.Service);
        }
    }
}
