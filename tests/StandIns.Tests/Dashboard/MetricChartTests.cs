using Aspire.Hosting.Dashboard;

namespace Billing.StandIns.Tests.Dashboard;

public class MetricChartTests
{
    private static readonly MetricDescription Counter = new(MetricKind.Sum, "", "", IsMonotonic: true, IsDelta: false);
    private static readonly MetricDescription Histogram = new(MetricKind.Histogram, "s", "", IsMonotonic: false, IsDelta: false);

    [Test]
    public void a_rate_is_the_increase_over_the_time_between() =>
        Rates(Draw(Counter, Series("a", Point(0, 10), Point(10, 30), Point(20, 30)))).ShouldBe([null, 2, 0]);

    [Test]
    public void a_counter_that_begins_again_does_not_fall() =>
        Rates(Draw(Counter, Series("a", Point(0, 100), Point(10, 40), Point(20, 60)))).ShouldBe([null, 4, 2]);

    [Test]
    public void a_service_that_was_started_again_goes_on_with_its_line()
    {
        var chart = Draw(Counter, Series("a", Point(0, 100), Point(10, 200)), Series("b", Point(20, 30, start: 15), Point(30, 50, start: 15)));
        chart.Sets.Length.ShouldBe(1);
        Rates(chart).ShouldBe([null, 10, 6, 2]);
    }

    [Test]
    public void two_instances_at_the_same_time_have_a_line_each() =>
        Draw(Counter, Series("a", Point(0, 1), Point(20, 2)), Series("b", Point(10, 5), Point(30, 6)))
            .Sets.Select(set => set.Attributes.Single().Value).ShouldBe(["b", "a"], ignoreOrder: true);

    [Test]
    public void deltas_are_added_up()
    {
        var store = new MetricBuffer(new(), TimeProvider.System);
        var name = new MetricName("ledger", "meter", "events");
        var delta = Counter with { IsDelta = true };
        foreach (var (second, value) in new[] { (10, 5.0), (20, 7.0), (30, 0.0) })
            store.Add([new(Sender.Unknown, name, delta, [], Point(second, value))]);

        var chart = MetricCharts.Draw(store.Find(name)!, 0, 60_000, 2_000, null);
        chart.Sets.Single().Points.Select(point => point.Value).ShouldBe([5, 12, 12]);
        Rates(chart).ShouldBe([null, 0.7, 0]);
    }

    [Test]
    public void a_quantile_lies_on_the_line_through_its_bucket()
    {
        var buckets = new ExplicitBuckets([10, 20, 40], [0, 10, 10, 0]);
        buckets.Quantiles(0, 0.25, 0.5, 0.75, 1).ShouldBe([10, 15, 20, 30, 40]);
        new ExplicitBuckets([10], [0, 0]).Quantiles(0.5).ShouldBe([null]);
    }

    [Test]
    public void the_outer_buckets_end_at_the_extremes()
    {
        var buckets = new ExplicitBuckets([10, 20], [2, 0, 2]) { Minimum = 4, Maximum = 60 };
        buckets.Quantiles(0, 1).ShouldBe([4, 60]);
    }

    [Test]
    public void histograms_of_several_sets_are_one_distribution()
    {
        double[] bounds = [1, 2];
        var chart = Draw(
            Histogram,
            Series("a", "GET", HistogramPoint(0, bounds, 0, 0, 0), HistogramPoint(10, bounds, 0, 30, 0)),
            Series("a", "PUT", HistogramPoint(0, bounds, 5, 0, 0), HistogramPoint(10, bounds, 15, 0, 0)));

        chart.Merged.Length.ShouldBe(2);
        chart.Merged[1].Rate.ShouldBe(4);
        chart.Merged[1].P50.ShouldNotBeNull().ShouldBe(1 + 10 / 30.0, 1e-9);
        chart.Sets.Select(set => set.Count).ShouldBe([30, 10]);
    }

    [Test]
    public void exponential_buckets_of_different_scale_can_be_compared()
    {
        // Scale 0: (1, 2], (2, 4], (4, 8]; scale 1 has two buckets in each of these.
        var before = new ExponentialBuckets(1, 1, 0, [1, 1, 2, 2, 3, 3], 0, []);
        var now = new ExponentialBuckets(0, 4, 0, [4, 4, 16], 0, [5]);

        var since = now.Since(before).ShouldBeOfType<ExponentialBuckets>();
        since.Positive.ShouldBe([2, 0, 10]);
        since.Negative.ShouldBe([5]);
        since.Zeros.ShouldBe(3);
        since.Filled().ShouldBe([new(-2, -1, 5), new(0, 0, 3), new(1, 2, 2), new(4, 8, 10)]);
        before.Since(now).ShouldBeNull();
    }

    [Test]
    public void exponential_buckets_far_apart_are_made_coarse_rather_than_large()
    {
        var small = new ExponentialBuckets(20, 0, -(1 << 29), [1], 0, []);
        var large = new ExponentialBuckets(20, 0, 1 << 29, [1], 0, []);
        var both = small.Plus(large).ShouldBeOfType<ExponentialBuckets>();
        both.Positive.Length.ShouldBeLessThanOrEqualTo(2_048);
        both.Positive.Sum().ShouldBe(2);
    }

    [Test]
    public void a_long_window_is_drawn_with_few_points()
    {
        var points = Enumerable.Range(0, 900).Select(i => Point(i * 2, i)).ToArray();
        var chart = Draw(Counter, 1_800_000, Series("a", points));
        chart.Sets.Single().Points.Length.ShouldBeInRange(150, 190);
        chart.Sets.Single().Points[^1].Value.ShouldBe(899);
    }

    [Test]
    public void numbers_that_json_has_no_word_for_are_left_out()
    {
        var chart = Draw(new(MetricKind.Gauge, "", "", false, false), Series("a", Point(0, double.NaN), Point(10, double.PositiveInfinity)));
        chart.Sets.Single().Points.ShouldAllBe(point => point.Value == null);
    }

    private static MetricChart Draw(MetricDescription description, params SeriesSnapshot[] series) => Draw(description, 60_000, series);

    private static MetricChart Draw(MetricDescription description, long to, params SeriesSnapshot[] series) =>
        MetricCharts.Draw(new(new("ledger", "meter", "name"), description, series), 0, to, 2_000, null);

    private static SeriesSnapshot Series(string instance, params MetricPoint[] points) => new(instance, [], points);

    private static SeriesSnapshot Series(string instance, string method, params MetricPoint[] points) =>
        new(instance, [new("method", method)], points);

    private static MetricPoint Point(int second, double value, int start = 0) => new(second * 1_000L, start * 1_000L, value, 0, null);

    private static MetricPoint HistogramPoint(int second, double[] bounds, params long[] counts) =>
        new(second * 1_000L, 0, counts.Sum(), counts.Sum(), new ExplicitBuckets(bounds, counts));

    private static double?[] Rates(MetricChart chart) => [.. chart.Sets.Single().Points.Select(point => point.Rate)];
}
