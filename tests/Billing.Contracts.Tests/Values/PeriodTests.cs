using System.Globalization;
using Billing.Contracts.Values;
using NodaTime;

namespace Billing.Contracts.Tests.Values;

public class PeriodTests
{
    private static readonly IReadOnlyList<string> Zones = [.. DateTimeZoneProviders.Tzdb.Ids];

    [TestCase("2026-01-31", 0, "2026-01-31", "2026-02-28")]
    [TestCase("2026-01-31", 1, "2026-02-28", "2026-03-31")]
    [TestCase("2026-01-31", 2, "2026-03-31", "2026-04-30")]
    [TestCase("2026-01-31", 25, "2028-02-29", "2028-03-31")]
    [TestCase("2026-01-31", -2, "2025-11-30", "2025-12-31")]
    [TestCase("2028-02-29", 12, "2029-02-28", "2029-03-29")]
    [TestCase("2028-02-29", 48, "2032-02-29", "2032-03-29")]
    [TestCase("2026-01-30", 1, "2026-02-28", "2026-03-30")]
    [TestCase("2026-01-01", 1, "2026-02-01", "2026-03-01")]
    public void months_are_counted_from_the_anchor_without_drift(string anchor, int number, string start, string end)
    {
        var period = Periods.Numbered(number, new(Day(anchor)), _ => TimeSpan.Zero);

        period.ShouldBe(new(Midnight(start), Midnight(end)));
    }

    [Test]
    public void usage_without_a_subscription_has_calendar_months_of_utc() =>
        Periods.CalendarMonth(Moment("2026-02-28T23:59:59.999999Z"))
            .ShouldBe(new(Midnight("2026-02-01"), Midnight("2026-03-01")));

    [TestCase("Europe/Berlin", "2026-03-01", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z")]
    [TestCase("America/New_York", "2026-11-01", "2026-11-01T04:00:00Z", "2026-12-01T05:00:00Z")]
    [TestCase("Asia/Kolkata", "2026-02-01", "2026-01-31T18:30:00Z", "2026-02-28T18:30:00Z")]
    [TestCase("Pacific/Chatham", "2026-04-01", "2026-03-31T10:15:00Z", "2026-04-30T11:15:00Z")]
    public void a_month_of_a_zone_follows_its_clocks(string zone, string day, string start, string end) =>
        Periods.Containing(Moment(start), new(Day(day)), Clocks(zone)).ShouldBe(new(Moment(start), Moment(end)));

    [Test]
    public void where_midnight_is_skipped_the_day_begins_after_the_gap()
    {
        // Brazil put its clocks forward at midnight: 15 October 2017 began at 01:00, two hours behind UTC.
        var period = Periods.Numbered(0, new(new(2017, 10, 15)), Clocks("America/Sao_Paulo"));

        period.Start.ShouldBe(Moment("2017-10-15T03:00:00Z"));
    }

    [Test]
    public void where_midnight_comes_twice_the_first_one_counts()
    {
        // Cuba puts its clocks back at one: midnight of 1 November 2026 comes twice.
        var period = Periods.Numbered(0, new(new(2026, 11, 1)), Clocks("America/Havana"));

        period.Start.ShouldBe(Moment("2026-11-01T04:00:00Z"));
    }

    [Test]
    public void a_day_that_a_country_left_out_begins_with_the_next()
    {
        var period = Periods.Numbered(0, new(new(2011, 12, 30)), Clocks("Pacific/Apia"));

        period.Start.ShouldBe(Moment("2011-12-30T10:00:00Z"));
    }

    [Property(MaxTest = 3_000)]
    public void boundaries_are_the_starts_of_days_that_noda_time_finds(uint zoneNumber, ushort day, sbyte number)
    {
        var zone = DateTimeZoneProviders.Tzdb[Zones[(int)(zoneNumber % (uint)Zones.Count)]];
        var anchor = new DateOnly(1995, 1, 1).AddDays(day % 20_000);
        var expected = Start(zone, anchor.AddMonths(number));

        var period = Periods.Numbered(number, new(anchor), Clocks(zone.Id));

        period.Start.ShouldBe(expected);
        period.EndExclusive.ShouldBe(Start(zone, anchor.AddMonths(number + 1)));
    }

    [Property(MaxTest = 3_000)]
    public void every_moment_is_in_exactly_one_period(uint zoneNumber, ushort anchorDay, uint seconds)
    {
        var clocks = Clocks(Zones[(int)(zoneNumber % (uint)Zones.Count)]);
        var anchor = new PeriodAnchor(new DateOnly(1995, 1, 1).AddDays(anchorDay % 20_000));
        var moment = DateTimeOffset.UnixEpoch.AddYears(20).AddSeconds(seconds % 2_000_000_000);

        var period = Periods.Containing(moment, anchor, clocks);

        period.Contains(moment).ShouldBeTrue();
        period.Contains(period.Start).ShouldBeTrue();
        period.Contains(period.EndExclusive).ShouldBeFalse();
        Periods.Containing(period.EndExclusive, anchor, clocks).Start.ShouldBe(period.EndExclusive);
        Periods.Containing(period.EndExclusive.AddTicks(-1), anchor, clocks).ShouldBe(period);
    }

    [Test]
    public void a_period_ends_after_its_start() =>
        Should.Throw<ArgumentException>(() => new BillingPeriod(Midnight("2026-01-01"), Midnight("2026-01-01")));

    [Test]
    public void a_period_is_kept_in_utc()
    {
        var period = new BillingPeriod(Moment("2026-01-01T01:00:00+01:00"), Moment("2026-02-01T00:00:00Z"));

        period.Start.Offset.ShouldBe(TimeSpan.Zero);
        period.ShouldBe(new(Midnight("2026-01-01"), Midnight("2026-02-01")));
    }

    private static ZoneOffset Clocks(string zone)
    {
        var found = DateTimeZoneProviders.Tzdb[zone];
        return moment => found.GetUtcOffset(Instant.FromDateTimeOffset(moment)).ToTimeSpan();
    }

    private static DateTimeOffset Start(DateTimeZone zone, DateOnly day) =>
        zone.AtStartOfDay(LocalDate.FromDateOnly(day)).ToInstant().ToDateTimeOffset();

    private static DateOnly Day(string text) => DateOnly.ParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static DateTimeOffset Midnight(string text) => Moment(text + "T00:00:00Z");

    private static DateTimeOffset Moment(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
