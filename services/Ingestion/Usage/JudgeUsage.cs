using Billing.Contracts.Catalog;
using Billing.Contracts.Usage;
using Billing.Ingestion.Catalog;
using Billing.Ingestion.Usage.Reading;

namespace Billing.Ingestion.Usage;

/// <summary>What one meter takes from one event, spelled as in the contracts.</summary>
public readonly record struct Measure(string Meter, string Quantity, string? Distinct = null);

/// <summary>Which moments of use are believed.</summary>
/// <param name="Oldest">Before the moment of receipt; older ones are refused.</param>
/// <param name="FarthestAhead">After it.</param>
public sealed record BelievedTimes(TimeSpan Oldest, TimeSpan FarthestAhead)
{
    public static readonly BelievedTimes Default = new(TimeSpan.FromDays(400), TimeSpan.FromHours(24));
}

/// <summary>What time and catalog say of an event: measures, or why there are none.</summary>
/// <param name="Reason">Null where there are measures.</param>
/// <param name="IsUnmatched">Not known yet; later news may change it.</param>
public readonly record struct Judgment(Measure[] Measures, Refusal? Reason = null, bool IsUnmatched = false)
{
    public bool IsRefused => Reason is not null && !IsUnmatched;
}

/// <summary>Judges an event by itself: its time, its tenant, the meters that take it.</summary>
public static class JudgeUsage
{
    private const int MostDecimals = 9;

    public static Judgment Decide(
        UsageEvent usage, CatalogSnapshot catalog, DateTimeOffset receivedAt, BelievedTimes believed)
    {
        // A cancel has no content of its own.
        if (usage.Change is { IsCancel: true }) return new([]);
        if (usage.UsedAt < receivedAt - believed.Oldest) return new([], Refusal.TooOld);
        if (usage.UsedAt > receivedAt + believed.FarthestAhead) return new([], Refusal.TooFarAhead);

        return Match(usage, catalog);
    }

    /// <summary>By the catalog alone, as for what was believed when it came.</summary>
    public static Judgment Match(UsageEvent usage, CatalogSnapshot catalog)
    {
        if (!catalog.Knows(usage.Tenant.ToString())) return new([], Refusal.UnknownTenant, IsUnmatched: true);
        if (usage.Scope == UsageScope.OverLimit) return OverLimit(usage, catalog);

        var meters = catalog.MetersOf(usage.Type);
        var taking = 0;
        foreach (var meter in meters)
            if (meter.Takes(usage)) taking++;
        if (taking == 0) return new([], Refusal.NoMeter, IsUnmatched: true);

        var measures = new Measure[taking];
        foreach (var meter in meters)
        {
            if (!meter.Takes(usage)) continue;
            if (TakeMeasure(meter, usage, out var measure) is { } reason) return new([], reason);
            measures[^taking--] = measure;
        }

        return new(measures);
    }

    /// <summary>The message names the meter itself, and the units beyond its limit.</summary>
    private static Judgment OverLimit(UsageEvent usage, CatalogSnapshot catalog)
    {
        if (catalog.Meter(usage.Find(ReadQuotaExceeded.Metric) ?? "") is not { } meter)
            return new([], Refusal.NoMeter, IsUnmatched: true);

        var units = usage.Find(ReadQuotaExceeded.Units) ?? "";
        return Quantity(units, mayBeNegative: false, out var quantity) is { } reason
            ? new([], reason)
            : new([new(meter.Name, quantity)]);
    }

    private static Refusal? TakeMeasure(KnownMeter meter, UsageEvent usage, out Measure measure)
    {
        measure = new(meter.Name, "1");
        if (meter.Property is null || meter.Aggregation == Aggregation.Count) return null;
        if (usage.Find(meter.Property) is not { } value) return Refusal.PropertyMissing;
        if (meter.Aggregation == Aggregation.Unique)
        {
            measure = new(meter.Name, "1", value);
            return null;
        }

        if (usage.Find("unit") is { } unit && unit != meter.Unit) return Refusal.WrongUnit;

        // A weighted sum adds and takes away: seats come and go.
        var mayBeNegative = meter.Aggregation == Aggregation.WeightedSum;
        if (Quantity(value, mayBeNegative, out var quantity) is { } reason) return reason;

        measure = new(meter.Name, quantity);
        return null;
    }

    private static Refusal? Quantity(string value, bool mayBeNegative, out string quantity)
    {
        quantity = "";
        if (value.AsSpan().ContainsAny('e', 'E') || !Numbers.TrySpell(value, out var spelled))
            return Refusal.NotANumber;

        var point = spelled.IndexOf('.', StringComparison.Ordinal);
        if (point >= 0 && spelled.Length - point - 1 > MostDecimals) return Refusal.TooManyDecimals;
        if (spelled[0] == '-' && !mayBeNegative) return Refusal.Negative;

        quantity = spelled;
        return null;
    }
}
