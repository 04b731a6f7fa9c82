namespace Aspire.Hosting.Dashboard;

internal enum MetricKind
{
    Gauge,
    Sum,
    Histogram,
    Summary,
}

internal sealed record MetricName(string Service, string Meter, string Name);

internal sealed record MetricDescription(MetricKind Kind, string Unit, string Text, bool IsMonotonic, bool IsDelta);

/// <summary>One measurement of one series.</summary>
/// <param name="Time">Milliseconds since the Unix epoch.</param>
/// <param name="Start">When the counting began, same unit; 0 when the sender does not say.</param>
/// <param name="Value">The number; of a histogram the sum.</param>
/// <param name="Count">Of a histogram and a summary.</param>
internal readonly record struct MetricPoint(long Time, long Start, double Value, long Count, Buckets? Buckets);

/// <summary>A new measurement on its way into the store.</summary>
internal sealed record Measurement(
    Sender Sender, MetricName Metric, MetricDescription Description, TelemetryAttribute[] Attributes, MetricPoint Point);

/// <summary>How many values fell where. Explicit bounds, or exponential ones of base 2^(2^-scale).</summary>
internal abstract record Buckets
{
    public double? Minimum { get; init; }

    public double? Maximum { get; init; }

    public abstract int Bytes { get; }

    /// <summary>What was counted since <paramref name="earlier"/>; null when that is not a beginning of this.</summary>
    public abstract Buckets? Since(Buckets earlier);

    /// <summary>Both counts together; null when they cannot be added.</summary>
    public abstract Buckets? Plus(Buckets other);

    /// <summary>The same, holding in common with its neighbor what is equal in both.</summary>
    public virtual Buckets Beside(Buckets? neighbor) => this;

    /// <summary>The buckets that hold something, lowest first.</summary>
    public abstract IEnumerable<Bucket> Filled();

    /// <summary>Quantiles, by a straight line through the bucket that holds each.</summary>
    public double?[] Quantiles(params double[] at)
    {
        var filled = Filled().ToArray();
        var total = filled.Sum(bucket => (double)bucket.Count);
        return [.. at.Select(quantile => Quantile(filled, total, quantile))];
    }

    private static double? Quantile(Bucket[] filled, double total, double quantile)
    {
        if (total == 0) return null;

        var rank = quantile * total;
        var below = 0.0;
        foreach (var bucket in filled)
        {
            if (below + bucket.Count >= rank)
                return bucket.From + (bucket.To - bucket.From) * Math.Clamp((rank - below) / bucket.Count, 0, 1);
            below += bucket.Count;
        }

        return filled[^1].To;
    }

    protected static long[]? Subtract(long[] now, long[] before)
    {
        if (now.Length != before.Length) return null;

        var difference = new long[now.Length];
        for (var i = 0; i < now.Length; i++)
        {
            if (now[i] < before[i]) return null;
            difference[i] = now[i] - before[i];
        }

        return difference;
    }

    /// <summary>Counts come from a sender: at the end of the range they stay there.</summary>
    protected static long Add(long left, long right) => left > long.MaxValue - right ? long.MaxValue : left + right;
}

internal readonly record struct Bucket(double From, double To, long Count);

internal sealed record ExplicitBuckets(double[] Bounds, long[] Counts) : Buckets
{
    public override int Bytes => 64 + Counts.Length * 8;

    public override Buckets? Since(Buckets earlier) =>
        earlier is ExplicitBuckets other && SameBounds(other) && Subtract(Counts, other.Counts) is { } counts
            ? this with { Counts = counts }
            : null;

    public override Buckets? Plus(Buckets other) =>
        other is ExplicitBuckets more && SameBounds(more)
            ? this with
            {
                Counts = [.. Counts.Zip(more.Counts, Add)],
                Minimum = Minimum < more.Minimum ? Minimum : more.Minimum ?? Minimum,
                Maximum = Maximum > more.Maximum ? Maximum : more.Maximum ?? Maximum,
            }
            : null;

    public override IEnumerable<Bucket> Filled()
    {
        for (var i = 0; i < Counts.Length; i++)
        {
            if (Counts[i] == 0) continue;

            // The outer buckets have no end of their own: the extremes are one, if the sender gives them.
            var to = i < Bounds.Length ? Bounds[i] : Math.Max(Maximum ?? double.MinValue, Bounds.LastOrDefault());
            var from = i > 0 ? Bounds[i - 1] : Math.Min(Minimum ?? 0, to);
            yield return new(from, to, Counts[i]);
        }
    }

    public override Buckets Beside(Buckets? neighbor) =>
        neighbor is ExplicitBuckets other && SameBounds(other) ? this with { Bounds = other.Bounds } : this;

    private bool SameBounds(ExplicitBuckets other) =>
        Counts.Length == other.Counts.Length && Bounds.AsSpan().SequenceEqual(other.Bounds);
}

/// <param name="Offset">Index of the first positive count; bucket i holds (base^i, base^(i+1)].</param>
/// <param name="NegativeOffset">The same for what is below zero, mirrored.</param>
internal sealed record ExponentialBuckets(
    int Scale, long Zeros, int Offset, long[] Positive, int NegativeOffset, long[] Negative) : Buckets
{
    public override int Bytes => 96 + (Positive.Length + Negative.Length) * 8;

    public override Buckets? Since(Buckets earlier)
    {
        if (earlier is not ExponentialBuckets other || other.Zeros > Zeros) return null;

        var (now, before) = Aligned(this, other);
        var positive = Subtract(now.Positive, before.Positive);
        var negative = Subtract(now.Negative, before.Negative);
        return positive is null || negative is null
            ? null
            : now with { Zeros = Zeros - other.Zeros, Positive = positive, Negative = negative };
    }

    public override Buckets? Plus(Buckets other)
    {
        if (other is not ExponentialBuckets more) return null;

        var (left, right) = Aligned(this, more);
        return left with
        {
            Zeros = Add(Zeros, more.Zeros),
            Positive = [.. left.Positive.Zip(right.Positive, Add)],
            Negative = [.. left.Negative.Zip(right.Negative, Add)],
        };
    }

    public override IEnumerable<Bucket> Filled()
    {
        for (var i = Negative.Length - 1; i >= 0; i--)
            if (Negative[i] > 0) yield return new(-Bound(NegativeOffset + i + 1), -Bound(NegativeOffset + i), Negative[i]);
        if (Zeros > 0) yield return new(0, 0, Zeros);
        for (var i = 0; i < Positive.Length; i++)
            if (Positive[i] > 0) yield return new(Bound(Offset + i), Bound(Offset + i + 1), Positive[i]);
    }

    /// <summary>The sender may say any offset; an index means something only where a double reaches.</summary>
    public static bool IsSane(int scale, int offset, int count) =>
        scale is >= -10 and <= 20 && count <= 1_024 && offset is > -(1 << 30) and < 1 << 30;

    private double Bound(int index) => Math.Min(Math.Pow(2, Math.ScaleB(index, -Scale)), double.MaxValue);

    private static (ExponentialBuckets Left, ExponentialBuckets Right) Aligned(
        ExponentialBuckets left, ExponentialBuckets right)
    {
        var scale = Math.Min(left.Scale, right.Scale);
        (left, right) = (left.Coarser(scale), right.Coarser(scale));
        while (Span(left.Offset, left.Positive, right.Offset, right.Positive) > 2_048
            || Span(left.NegativeOffset, left.Negative, right.NegativeOffset, right.Negative) > 2_048)
        {
            scale--;
            (left, right) = (left.Coarser(scale), right.Coarser(scale));
        }

        var (offset, positives) = Together(left.Offset, left.Positive, right.Offset, right.Positive);
        var (below, negatives) = Together(left.NegativeOffset, left.Negative, right.NegativeOffset, right.Negative);
        return (
            left with { Offset = offset, Positive = positives[0], NegativeOffset = below, Negative = negatives[0] },
            right with { Offset = offset, Positive = positives[1], NegativeOffset = below, Negative = negatives[1] });
    }

    private ExponentialBuckets Coarser(int scale)
    {
        if (scale == Scale) return this;

        var (offset, positive) = Shrunk(Offset, Positive, Scale - scale);
        var (below, negative) = Shrunk(NegativeOffset, Negative, Scale - scale);
        return this with
        {
            Scale = scale,
            Offset = offset,
            Positive = positive,
            NegativeOffset = below,
            Negative = negative,
        };
    }

    /// <summary>One step less of scale puts every two neighbors into one bucket.</summary>
    private static (int Offset, long[] Counts) Shrunk(int offset, long[] counts, int steps)
    {
        if (counts.Length == 0) return (offset >> steps, counts);

        var first = offset >> steps;
        var shrunk = new long[((offset + counts.Length - 1) >> steps) - first + 1];
        for (var i = 0; i < counts.Length; i++)
        {
            var at = ((offset + i) >> steps) - first;
            shrunk[at] = Add(shrunk[at], counts[i]);
        }

        return (first, shrunk);
    }

    private static long Span(int leftOffset, long[] left, int rightOffset, long[] right)
    {
        if (left.Length == 0 || right.Length == 0) return Math.Max(left.Length, right.Length);
        return (long)Math.Max(leftOffset + left.Length, rightOffset + right.Length) - Math.Min(leftOffset, rightOffset);
    }

    private static (int Offset, long[][] Counts) Together(int leftOffset, long[] left, int rightOffset, long[] right)
    {
        if (left.Length == 0) leftOffset = rightOffset;
        if (right.Length == 0) rightOffset = leftOffset;
        var offset = Math.Min(leftOffset, rightOffset);
        var length = Math.Max(leftOffset + left.Length, rightOffset + right.Length) - offset;
        return (offset, [Moved(left, leftOffset - offset, length), Moved(right, rightOffset - offset, length)]);
    }

    private static long[] Moved(long[] counts, int by, int length)
    {
        var moved = new long[length];
        counts.CopyTo(moved, by);
        return moved;
    }
}
