using System.Collections.Concurrent;
using Billing.Contracts.Values;
using NodaTime;

namespace Billing.ServiceDefaults;

/// <summary>
/// The time zone database that comes with the program: a machine may have none, or another version of it.
/// </summary>
public static class TimeZones
{
    // Only those that there are: names come from callers.
    private static readonly ConcurrentDictionary<string, ZoneOffset> Known = new(StringComparer.Ordinal);

    /// <summary>Null where the database has no zone of that name.</summary>
    public static ZoneOffset? Find(string name) =>
        Known.TryGetValue(name, out var known) ? known
        : DateTimeZoneProviders.Tzdb.GetZoneOrNull(name) is { } zone ? Known.GetOrAdd(name, OffsetsOf(zone))
        : null;

    private static ZoneOffset OffsetsOf(DateTimeZone zone) =>
        moment => zone.GetUtcOffset(Instant.FromDateTimeOffset(moment)).ToTimeSpan();
}
