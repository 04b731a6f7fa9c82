namespace Aspire.Hosting.Dashboard;

/// <summary>What a chart of one instrument shows.</summary>
/// <param name="Kind">gauge, sum (only grows), level (a sum that goes up and down), histogram or summary.</param>
/// <param name="Merged">Of a histogram: all attribute sets, or the one asked for, together.</param>
internal sealed record MetricChart(
    string Service, string Meter, string Instrument, string Description, string Unit, string Kind,
    long From, long To, long Step, int HiddenSets, ChartSet[] Sets, ChartPoint[] Merged);

/// <param name="Latest">Last value; of a histogram the mean over the window.</param>
/// <param name="Rate">Per second, last known.</param>
/// <param name="Count">Of a histogram: values in the window.</param>
internal sealed record ChartSet(
    string Key, TelemetryAttribute[] Attributes, double? Latest, double? Rate, long? Count, double? P50, double? P99,
    ChartPoint[] Points);

/// <param name="Time">Milliseconds since the Unix epoch.</param>
internal sealed record ChartPoint(long Time, double? Value, double? Rate, double? P50, double? P90, double? P99);

internal static class MetricCharts
{
    private const int MaxSteps = 180;
    private const int MaxSets = 24;

    public static MetricChart Draw(MetricSnapshot metric, long from, long to, long resolution, string? onlySet)
    {
        var kind = Kind(metric.Description);
        var step = Math.Max(Math.Max(1, resolution), (to - from) / MaxSteps);
        var isHistogram = metric.Description.Kind is MetricKind.Histogram or MetricKind.Summary;
        var lines = Lines(metric.Series)
            .Select(line => (line.Key, line.Attributes, Steps: Steps(line.Points, from, to, step, metric.Description)))
            .Where(line => line.Steps.Count > 0)
            .ToArray();
        var sets = lines
            .Select(line => isHistogram
                ? HistogramSet(line.Key, line.Attributes, line.Steps)
                : NumberSet(line.Key, line.Attributes, line.Steps, kind == "sum"))
            .OrderByDescending(set => isHistogram ? set.Count ?? 0 : Math.Abs(set.Rate ?? 0))
            .ThenByDescending(set => Math.Abs(set.Latest ?? 0))
            .ThenBy(set => set.Key, StringComparer.Ordinal)
            .ToArray();
        var chosen = lines.Where(line => onlySet is null || line.Key == onlySet).SelectMany(line => line.Steps);
        return new(
            metric.Name.Service, metric.Name.Meter, metric.Name.Name, metric.Description.Text, metric.Description.Unit,
            kind, from, to, step, Math.Max(0, sets.Length - MaxSets), [.. sets.Take(MaxSets)],
            isHistogram ? Merge(chosen, step) : []);
    }

    public static string Kind(MetricDescription metric) => metric.Kind switch
    {
        MetricKind.Sum when metric.IsMonotonic => "sum",
        MetricKind.Sum => "level",
        MetricKind.Histogram => "histogram",
        MetricKind.Summary => "summary",
        _ => "gauge",
    };

    /// <summary>A process that was started again goes on with its line; two at the same time have one each.</summary>
    private static IEnumerable<(string Key, TelemetryAttribute[] Attributes, MetricPoint[] Points)> Lines(
        SeriesSnapshot[] series)
    {
        foreach (var group in series.Where(one => one.Points.Length > 0).GroupBy(one => MetricBuffer.AttributeKey(one.Attributes)))
        {
            var parts = group.OrderBy(one => one.Points[0].Time).ToArray();
            if (parts.Zip(parts.Skip(1)).All(pair => pair.First.Points[^1].Time <= pair.Second.Points[0].Time))
            {
                yield return (group.Key, parts[0].Attributes, [.. parts.SelectMany(part => part.Points)]);
                continue;
            }

            foreach (var part in parts)
            {
                TelemetryAttribute[] attributes = [.. part.Attributes, new("service.instance.id", part.Instance)];
                yield return (MetricBuffer.AttributeKey(attributes), attributes, part.Points);
            }
        }
    }

    private sealed record Step(long Time, double Seconds, MetricPoint Point, double Increase, long Count, Buckets? Buckets);

    private static List<Step> Steps(MetricPoint[] points, long from, long to, long step, MetricDescription metric)
    {
        var steps = new List<Step>();
        MetricPoint? before = null;
        for (var i = 0; i < points.Length; i++)
        {
            var point = points[i];
            if (point.Time > to) break;

            var isLastOfStep = i + 1 == points.Length || points[i + 1].Time / step != point.Time / step
                || points[i + 1].Start != point.Start;
            if (!isLastOfStep) continue;
            if (point.Time >= from) steps.Add(Between(before, point, metric));
            before = point;
        }

        return steps;
    }

    private static Step Between(MetricPoint? earlier, MetricPoint point, MetricDescription metric)
    {
        // Of the first point nobody knows how fast it was reached.
        if (earlier is not { } before) return new(point.Time, 0, point, 0, 0, null);

        var isFresh = point.Start > before.Start || point.Count < before.Count
            || (metric.IsMonotonic && point.Value < before.Value);
        var since = isFresh && point.Start > before.Time && point.Start < point.Time ? point.Start : before.Time;
        var seconds = (point.Time - since) / 1000.0;
        if (isFresh) return new(point.Time, seconds, point, point.Value, point.Count, point.Buckets);

        var buckets = point.Buckets is { } now && before.Buckets is { } then ? now.Since(then) : null;
        return new(point.Time, seconds, point, point.Value - before.Value, point.Count - before.Count, buckets);
    }

    private static ChartSet NumberSet(string key, TelemetryAttribute[] attributes, List<Step> steps, bool hasRate)
    {
        ChartPoint[] points =
        [
            .. steps.Select(step => new ChartPoint(
                step.Time, Finite(step.Point.Value), hasRate ? PerSecond(step.Increase, step.Seconds) : null,
                null, null, null)),
        ];
        return new(key, attributes, points[^1].Value, points[^1].Rate, null, null, null, points);
    }

    private static ChartSet HistogramSet(string key, TelemetryAttribute[] attributes, List<Step> steps)
    {
        var count = steps.Aggregate(0L, (sum, step) => Add(sum, step.Count));
        var all = Together(steps);
        var quantiles = all?.Quantiles(0.5, 0.99) ?? [null, null];
        var mean = count == 0 ? null : Finite(steps.Sum(step => step.Increase) / count);
        return new(
            key, attributes, mean, PerSecond(steps[^1].Count, steps[^1].Seconds), count,
            Finite(quantiles[0]), Finite(quantiles[1]), []);
    }

    private static ChartPoint[] Merge(IEnumerable<Step> steps, long width) =>
    [
        .. steps.GroupBy(step => step.Time / width).OrderBy(group => group.Key).Select(group =>
        {
            var count = group.Aggregate(0L, (sum, step) => Add(sum, step.Count));
            var quantiles = Together(group)?.Quantiles(0.5, 0.9, 0.99) ?? [null, null, null];
            return new ChartPoint(
                group.Max(step => step.Time),
                count == 0 ? null : Finite(group.Sum(step => step.Increase) / count),
                group.Max(step => step.Seconds) is > 0 and var seconds ? PerSecond(count, seconds) : null,
                Finite(quantiles[0]), Finite(quantiles[1]), Finite(quantiles[2]));
        }),
    ];

    private static Buckets? Together(IEnumerable<Step> steps) => steps
        .Select(step => step.Buckets)
        .OfType<Buckets>()
        .Aggregate((Buckets?)null, (sum, more) => sum is null ? more : sum.Plus(more) ?? sum);

    private static double? PerSecond(double increase, double seconds) => seconds > 0 ? Finite(increase / seconds) : null;

    private static double? Finite(double? value) => value is { } number && double.IsFinite(number) ? number : null;

    private static long Add(long left, long right) => left > long.MaxValue - right ? long.MaxValue : left + right;
}
