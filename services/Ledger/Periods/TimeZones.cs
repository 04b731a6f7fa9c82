using Billing.Contracts.Values;
using NodaTime;

namespace Billing.Ledger.Periods;

/// <summary>
/// The time zone database that comes with the program, since a machine may have none or another one.
/// </summary>
internal static class TimeZones
{
    /// <summary>Null where the database has no zone of that name.</summary>
    public static ZoneOffset? Find(string name) =>
        DateTimeZoneProviders.Tzdb.GetZoneOrNull(name) is { } zone
            ? moment => zone.GetUtcOffset(Instant.FromDateTimeOffset(moment)).ToTimeSpan()
            : null;
}
