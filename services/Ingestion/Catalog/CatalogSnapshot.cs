using System.Collections.Concurrent;
using System.Collections.Frozen;

namespace Billing.Ingestion.Catalog;

/// <summary>Tenants and meters as they are at one version.</summary>
/// <param name="number">The catalog's number: that of the last fact that is in it.</param>
/// <param name="version">Grows whenever anything changes, late facts included.</param>
public sealed class CatalogSnapshot(
    long number, long version, ConcurrentDictionary<string, byte> tenants, IEnumerable<KnownMeter> meters)
{
    private readonly FrozenDictionary<string, KnownMeter> _byId =
        meters.ToFrozenDictionary(meter => meter.Name, StringComparer.Ordinal);

    private readonly FrozenDictionary<string, KnownMeter[]> _byType = meters.GroupBy(meter => meter.EventType)
        .ToFrozenDictionary(
            type => type.Key, type => type.OrderBy(meter => meter.Name, StringComparer.Ordinal).ToArray(),
            StringComparer.Ordinal);

    public static CatalogSnapshot Nothing { get; } = new(0, 0, [], []);

    public long Number { get; } = number;

    public long Version { get; } = version;

    public IEnumerable<KnownMeter> Meters => _byId.Values;

    /// <summary>
    /// Tenants only come, so one set serves all snapshots; an older one may know a tenant a moment early.
    /// </summary>
    internal ConcurrentDictionary<string, byte> Tenants { get; } = tenants;

    public bool Knows(string tenant) => Tenants.ContainsKey(tenant);

    /// <summary>In the order of their ids.</summary>
    public ReadOnlySpan<KnownMeter> MetersOf(string eventType) => _byType.GetValueOrDefault(eventType);

    public KnownMeter? Meter(string id) => _byId.GetValueOrDefault(id);
}
