using Billing.Contracts.Values;
using Billing.Verify.Recounting;
using NodaTime;
using NodaTime.TimeZones;
using Calendar = Billing.Verify.Recounting.Calendar;

namespace Billing.Verify.Tests;

/// <summary>Periods found in another way are those of the contracts, wherever and whenever.</summary>
public class CalendarTests
{
    [Test]
    public void periods_are_those_of_the_contracts_in_every_zone_that_has_its_ways(
        [Values(
            "Etc/UTC", "Europe/Berlin", "America/New_York", "Africa/Abidjan", "Africa/Cairo", "America/Asuncion",
            "Asia/Beirut", "Pacific/Apia", "Australia/Lord_Howe")] string name,
        [Values("2000-01-01", "2024-01-31", "2011-12-30", "2024-02-29")] string day)
    {
        var zone = TzdbDateTimeZoneSource.Default.ForId(name);
        var anchor = DateOnly.Parse(day, null);
        var (at, end) = (Utc(2011, 11, 1), Utc(2016, 1, 1));
        for (; at < end; at += TimeSpan.FromHours(23.7 * 29))
        {
            var expected = Periods.Containing(at, new PeriodAnchor(anchor), moment =>
                zone.GetUtcOffset(Instant.FromDateTimeOffset(moment)).ToTimeSpan());

            Calendar.PeriodOf(at, anchor, name).ShouldBe(new Span(expected.Start, expected.EndExclusive), $"{at:o}");
        }
    }

    private static DateTimeOffset Utc(int year, int month, int day) => new(year, month, day, 0, 0, 0, TimeSpan.Zero);
}
