using System.Collections.Concurrent;
using Billing.Contracts.Values;
using NodaTime;

namespace Billing.Pricing.Subscriptions;

/// <summary>
/// The time zone database that comes with the program: a machine may have none, or another version of it.
/// </summary>
public static class TimeZones
{
    private static readonly ConcurrentDictionary<string, ZoneOffset?> Known = new(StringComparer.Ordinal);

    public static ZoneOffset? Find(string name) => Known.GetOrAdd(name, Make);

    private static ZoneOffset? Make(string name) =>
        DateTimeZoneProviders.Tzdb.GetZoneOrNull(name) is { } zone
            ? moment => zone.GetUtcOffset(Instant.FromDateTimeOffset(moment)).ToTimeSpan()
            : null;
}
