using System.Collections.Concurrent;
using NodaTime;
using NodaTime.TimeZones;
using static NodaTime.TimeZones.Resolvers;

namespace Billing.Verify.Recounting;

/// <summary>Half-open.</summary>
internal readonly record struct Span(DateTimeOffset Start, DateTimeOffset End);

/// <summary>Where the months of a subscription begin, by the time zone database that NodaTime carries.</summary>
internal static class Calendar
{
    private static readonly ConcurrentDictionary<string, DateTimeZone> Zones = new(StringComparer.Ordinal);

    // Of two midnights the first; where there is none, the first moment after the gap, even if a whole day was skipped.
    private static readonly ZoneLocalMappingResolver FirstMoment =
        CreateMappingResolver(ReturnEarlier, ReturnStartOfIntervalAfter);

    public static readonly DateOnly MonthAnchor = new(2000, 1, 1);

    public static Span CalendarMonth(DateTimeOffset at) => PeriodOf(at, MonthAnchor, "Etc/UTC");

    public static Span PeriodOf(DateTimeOffset at, DateOnly anchor, string zone)
    {
        var local = Local(at, zone);
        var number = (local.Year - anchor.Year) * 12 + local.Month - anchor.Month;
        while (Begin(number) > at) number--;
        while (Begin(number + 1) <= at) number++;

        return new(Begin(number), Begin(number + 1));

        // Counted from the anchor each time: the 31st comes back after a short month.
        DateTimeOffset Begin(int months) => Zone(zone)
            .ResolveLocal(LocalDate.FromDateOnly(anchor).PlusMonths(months).AtMidnight(), FirstMoment)
            .ToInstant().ToDateTimeOffset();
    }

    /// <summary>A day on which something changes belongs to what comes after it.</summary>
    public static int Days(DateTimeOffset from, DateTimeOffset until, string zone) =>
        Period.DaysBetween(Local(from, zone), Local(until, zone));

    private static LocalDate Local(DateTimeOffset at, string zone) =>
        Instant.FromDateTimeOffset(at).InZone(Zone(zone)).Date;

    private static DateTimeZone Zone(string name) => Zones.GetOrAdd(
        name, static name => TzdbDateTimeZoneSource.Default.ForId(name));
}
