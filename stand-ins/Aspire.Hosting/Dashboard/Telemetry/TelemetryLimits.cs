namespace Aspire.Hosting.Dashboard;

/// <summary>What is kept in memory, at most. Beyond it the oldest goes, and the page says how much.</summary>
internal sealed record TelemetryLimits
{
    public int Logs { get; init; } = 10_000;
    public long LogBytes { get; init; } = 32L << 20;
    public int Traces { get; init; } = 3_000;
    public int SpansPerTrace { get; init; } = 1_000;
    public long TraceBytes { get; init; } = 64L << 20;
    public int Series { get; init; } = 4_000;
    public int SeriesPerInstrument { get; init; } = 200;
    public long MetricBytes { get; init; } = 64L << 20;

    /// <summary>Points nearer than this to each other become one.</summary>
    public TimeSpan Resolution { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>With the resolution above: half an hour.</summary>
    public int PointsPerSeries { get; init; } = 900;

    public int Services { get; init; } = 200;

    /// <summary>Of one request, compressed and uncompressed.</summary>
    public int RequestBytes { get; init; } = 16 << 20;
}
