using static Aspire.Hosting.Dashboard.OtlpInput;

namespace Aspire.Hosting.Dashboard;

/// <summary>ExportMetricsServiceRequest of OTLP 1.x. Exemplars are not kept.</summary>
internal static class OtlpMetrics
{
    private const int MaxBuckets = 1_024;
    private const int Delta = 1;

    /// <param name="now">For points without a time; milliseconds since the Unix epoch.</param>
    public static List<Measurement> Read(byte[] body, long now)
    {
        var measurements = new List<Measurement>();
        using var input = new OtlpInput(body);
        while (input.Next())
        {
            if (input.Tag == (1 << 3 | Length)) ResourceMetrics(input, measurements, now);
            else input.Skip();
        }

        return measurements;
    }

    private sealed record Point(TelemetryAttribute[] Attributes, MetricPoint Value);

    private sealed record Metric(string Name, MetricDescription Description, List<Point> Points);

    private static void ResourceMetrics(OtlpInput input, List<Measurement> into, long now)
    {
        var sender = Sender.Unknown;
        var scopes = new List<(string Name, List<Metric> Metrics)>();
        var outer = input.Enter();
        while (input.Next())
        {
            if (input.Tag == (1 << 3 | Length)) sender = OtlpAttributes.Resource(input);
            else if (input.Tag == (2 << 3 | Length)) scopes.Add(ScopeMetrics(input, now));
            else input.Skip();
        }

        input.Leave(outer);
        into.AddRange(
            from scope in scopes
            from metric in scope.Metrics
            let name = new MetricName(sender.Service, scope.Name, metric.Name)
            from point in metric.Points
            select new Measurement(sender, name, metric.Description, point.Attributes, point.Value));
    }

    private static (string Name, List<Metric> Metrics) ScopeMetrics(OtlpInput input, long now)
    {
        var name = "";
        var metrics = new List<Metric>();
        var outer = input.Enter();
        while (input.Next())
        {
            if (input.Tag == (1 << 3 | Length)) name = OtlpAttributes.Scope(input);
            else if (input.Tag == (2 << 3 | Length)) metrics.Add(OneMetric(input, now));
            else input.Skip();
        }

        input.Leave(outer);
        return (name, metrics);
    }

    private static Metric OneMetric(OtlpInput input, long now)
    {
        var (name, text, unit) = ("", "", "");
        var (kind, isMonotonic, isDelta) = (MetricKind.Gauge, false, false);
        var points = new List<Point>();
        var outer = input.Enter();
        while (input.Next())
        {
            switch (input.Tag)
            {
                case 1 << 3 | Length: name = Short(input); break;
                case 2 << 3 | Length: text = Short(input); break;
                case 3 << 3 | Length: unit = Short(input); break;
                case 5 << 3 | Length:
                    (kind, isMonotonic, isDelta) = (MetricKind.Gauge, false, false);
                    Data(input, points, now, NumberPoint);
                    break;
                case 7 << 3 | Length:
                    kind = MetricKind.Sum;
                    (isMonotonic, isDelta) = Data(input, points, now, NumberPoint);
                    break;
                case 9 << 3 | Length:
                    kind = MetricKind.Histogram;
                    isDelta = Data(input, points, now, HistogramPoint).IsDelta;
                    break;
                case 10 << 3 | Length:
                    kind = MetricKind.Histogram;
                    isDelta = Data(input, points, now, ExponentialPoint).IsDelta;
                    break;
                case 11 << 3 | Length:
                    kind = MetricKind.Summary;
                    Data(input, points, now, SummaryPoint);
                    break;
                default: input.Skip(); break;
            }
        }

        input.Leave(outer);
        return new(name, new(kind, unit, text, isMonotonic, isDelta), points);
    }

    private static (bool IsMonotonic, bool IsDelta) Data(
        OtlpInput input, List<Point> points, long now, Func<OtlpInput, long, Point> read)
    {
        var (isMonotonic, isDelta) = (false, false);
        var outer = input.Enter();
        while (input.Next())
        {
            switch (input.Tag)
            {
                case 1 << 3 | Length: points.Add(read(input, now)); break;
                case 2 << 3 | Varint: isDelta = input.Number() == Delta; break;
                case 3 << 3 | Varint: isMonotonic = input.Flag(); break;
                default: input.Skip(); break;
            }
        }

        input.Leave(outer);
        return (isMonotonic, isDelta);
    }

    private static Point NumberPoint(OtlpInput input, long now)
    {
        var (start, at, value) = (0L, 0L, 0.0);
        var attributes = new List<TelemetryAttribute>();
        var outer = input.Enter();
        while (input.Next())
        {
            switch (input.Tag)
            {
                case 2 << 3 | Fixed64: start = Milliseconds(input); break;
                case 3 << 3 | Fixed64: at = Milliseconds(input); break;
                case 4 << 3 | Fixed64: value = input.Real(); break;
                case 6 << 3 | Fixed64: value = input.FixedInteger(); break;
                case 7 << 3 | Length: OtlpAttributes.Add(input, attributes); break;
                default: input.Skip(); break;
            }
        }

        input.Leave(outer);
        return new([.. attributes], new(Time(at, now), start, value, 0, null));
    }

    private static Point HistogramPoint(OtlpInput input, long now)
    {
        var (start, at, count, sum) = (0L, 0L, 0L, 0.0);
        double? minimum = null, maximum = null;
        var counts = new List<long>();
        var bounds = new List<double>();
        var attributes = new List<TelemetryAttribute>();
        var outer = input.Enter();
        while (input.Next())
        {
            switch (input.Tag)
            {
                case 2 << 3 | Fixed64: start = Milliseconds(input); break;
                case 3 << 3 | Fixed64: at = Milliseconds(input); break;
                case 4 << 3 | Fixed64: count = input.Fixed(); break;
                case 5 << 3 | Fixed64: sum = input.Real(); break;
                case 6 << 3 | Length: input.PackedFixed(counts); break;
                case 6 << 3 | Fixed64: counts.Add(input.Fixed()); break;
                case 7 << 3 | Length: input.PackedReal(bounds); break;
                case 7 << 3 | Fixed64: bounds.Add(input.Real()); break;
                case 9 << 3 | Length: OtlpAttributes.Add(input, attributes); break;
                case 11 << 3 | Fixed64: minimum = input.Real(); break;
                case 12 << 3 | Fixed64: maximum = input.Real(); break;
                default: input.Skip(); break;
            }
        }

        input.Leave(outer);
        if (counts.Count > 0 && counts.Count != bounds.Count + 1)
            throw new MalformedOtlp("A histogram has one count more than it has bounds.");

        var buckets = counts.Count is 0 or > MaxBuckets
            ? null
            : new ExplicitBuckets([.. bounds], [.. counts]) { Minimum = minimum, Maximum = maximum };
        return new([.. attributes], new(Time(at, now), start, sum, count, buckets));
    }

    private static Point ExponentialPoint(OtlpInput input, long now)
    {
        var (start, at, count, sum, scale, zeros) = (0L, 0L, 0L, 0.0, 0, 0L);
        double? minimum = null, maximum = null;
        var (positive, negative) = ((Offset: 0, Counts: Array.Empty<long>()), (Offset: 0, Counts: Array.Empty<long>()));
        var attributes = new List<TelemetryAttribute>();
        var outer = input.Enter();
        while (input.Next())
        {
            switch (input.Tag)
            {
                case 1 << 3 | Length: OtlpAttributes.Add(input, attributes); break;
                case 2 << 3 | Fixed64: start = Milliseconds(input); break;
                case 3 << 3 | Fixed64: at = Milliseconds(input); break;
                case 4 << 3 | Fixed64: count = input.Fixed(); break;
                case 5 << 3 | Fixed64: sum = input.Real(); break;
                case 6 << 3 | Varint: scale = input.SignedNumber(); break;
                case 7 << 3 | Fixed64: zeros = input.Fixed(); break;
                case 8 << 3 | Length: positive = OneSide(input); break;
                case 9 << 3 | Length: negative = OneSide(input); break;
                case 12 << 3 | Fixed64: minimum = input.Real(); break;
                case 13 << 3 | Fixed64: maximum = input.Real(); break;
                default: input.Skip(); break;
            }
        }

        input.Leave(outer);
        var isSane = ExponentialBuckets.IsSane(scale, positive.Offset, positive.Counts.Length)
            && ExponentialBuckets.IsSane(scale, negative.Offset, negative.Counts.Length);
        var buckets = isSane
            ? new ExponentialBuckets(scale, zeros, positive.Offset, positive.Counts, negative.Offset, negative.Counts)
            { Minimum = minimum, Maximum = maximum }
            : null;
        return new([.. attributes], new(Time(at, now), start, sum, count, buckets));
    }

    private static (int Offset, long[] Counts) OneSide(OtlpInput input)
    {
        var offset = 0;
        var counts = new List<long>();
        var outer = input.Enter();
        while (input.Next())
        {
            switch (input.Tag)
            {
                case 1 << 3 | Varint: offset = input.SignedNumber(); break;
                case 2 << 3 | Length: input.PackedVarint(counts); break;
                case 2 << 3 | Varint: counts.Add(input.Unsigned()); break;
                default: input.Skip(); break;
            }
        }

        input.Leave(outer);
        return (offset, [.. counts]);
    }

    private static Point SummaryPoint(OtlpInput input, long now)
    {
        var (start, at, count, sum) = (0L, 0L, 0L, 0.0);
        var attributes = new List<TelemetryAttribute>();
        var outer = input.Enter();
        while (input.Next())
        {
            switch (input.Tag)
            {
                case 2 << 3 | Fixed64: start = Milliseconds(input); break;
                case 3 << 3 | Fixed64: at = Milliseconds(input); break;
                case 4 << 3 | Fixed64: count = input.Fixed(); break;
                case 5 << 3 | Fixed64: sum = input.Real(); break;
                case 7 << 3 | Length: OtlpAttributes.Add(input, attributes); break;
                default: input.Skip(); break;
            }
        }

        input.Leave(outer);
        return new([.. attributes], new(Time(at, now), start, sum, count, null));
    }

    /// <summary>A point from the future would make all that follow look old.</summary>
    private static long Time(long at, long now) => at > 0 && at < now + 60_000 ? at : now;

    private static string Short(OtlpInput input) =>
        Texts.Share(OtlpAttributes.Cut(input.Text(), OtlpAttributes.MaxNameLength));

    private static long Milliseconds(OtlpInput input) => input.Fixed() / 1_000_000;
}
