namespace Billing.Contracts.Values;

/// <summary>
/// The offset from UTC of the wall clocks of one time zone at a moment. Comes from a time zone database that
/// the caller has; contracts have none. The same version of it everywhere, or services disagree on a
/// boundary.
/// </summary>
public delegate TimeSpan ZoneOffset(DateTimeOffset moment);

/// <summary>
/// Where billing periods begin and end (docs/adr/0008). Pure: the same answer for ever and everywhere.
/// </summary>
/// <remarks>
/// A boundary is the first moment of a local day. It is counted from the anchor, never from the boundary
/// before: an anchor on the 31st gives the 30th in April and the 31st again in May. Where a change of clocks
/// skips midnight, the day begins with the first moment after the gap; where midnight comes twice, with the
/// first one.
/// </remarks>
public static class Periods
{
    private static readonly TimeSpan OneDay = TimeSpan.FromDays(1);

    /// <summary>A calendar month of UTC: for usage without a subscription.</summary>
    public static BillingPeriod CalendarMonth(DateTimeOffset moment) =>
        Containing(moment, PeriodAnchor.CalendarMonth, static _ => TimeSpan.Zero);

    /// <summary>
    /// The one period that a moment is in. Before the anchor as well, since months go both ways.
    /// </summary>
    public static BillingPeriod Containing(DateTimeOffset moment, PeriodAnchor anchor, ZoneOffset zone)
    {
        var local = moment.ToUniversalTime().DateTime + zone(moment);
        var number = (local.Year - anchor.Day.Year) * 12 + local.Month - anchor.Day.Month;

        // The day of the month decides between this number and the one before; in a zone that skipped a day,
        // between this one and the next.
        while (Boundary(number, anchor, zone) > moment) number--;
        while (Boundary(number + 1, anchor, zone) <= moment) number++;

        return new(Boundary(number, anchor, zone), Boundary(number + 1, anchor, zone));
    }

    /// <summary>
    /// Number 0 begins on the anchor's day, number 1 a month later, number −1 a month earlier.
    /// </summary>
    public static BillingPeriod Numbered(int number, PeriodAnchor anchor, ZoneOffset zone) =>
        new(Boundary(number, anchor, zone), Boundary(number + 1, anchor, zone));

    private static DateTimeOffset Boundary(int number, PeriodAnchor anchor, ZoneOffset zone) =>
        StartOfDay(anchor.Day.AddMonths(number), zone);

    private static DateTimeOffset StartOfDay(DateOnly day, ZoneOffset zone)
    {
        var midnight = new DateTimeOffset(day, TimeOnly.MinValue, TimeSpan.Zero);
        var (before, after) = (zone(midnight - OneDay), zone(midnight + OneDay));
        var (earlier, later) = (midnight - Longer(before, after), midnight - Shorter(before, after));

        if (zone(earlier) == midnight - earlier) return earlier;
        if (zone(later) == midnight - later) return later;
        return FirstMomentAfterGap(earlier, later, zone);
    }

    private static DateTimeOffset FirstMomentAfterGap(
        DateTimeOffset before, DateTimeOffset after, ZoneOffset zone)
    {
        var offsetBefore = zone(before);
        while (after.Ticks - before.Ticks > 1)
        {
            var middle = before + (after - before) / 2;
            if (zone(middle) == offsetBefore) before = middle;
            else after = middle;
        }

        return after;
    }

    private static TimeSpan Longer(TimeSpan left, TimeSpan right) => left > right ? left : right;

    private static TimeSpan Shorter(TimeSpan left, TimeSpan right) => left < right ? left : right;
}

/// <summary>The local day from which the months of a subscription are counted.</summary>
/// <param name="Day">Any first of a month gives calendar months, any other day anniversaries.</param>
public sealed record PeriodAnchor(DateOnly Day)
{
    public static PeriodAnchor CalendarMonth { get; } = new(new DateOnly(2000, 1, 1));
}
