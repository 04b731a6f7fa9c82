using Billing.Contracts.Catalog;
using Billing.Contracts.Values;

namespace Billing.Pricing.Catalog;

/// <summary>
/// A new meter, or more dimensions for a known one. What a meter counts never changes: the totals of its
/// periods would change with it, without a price having changed.
/// </summary>
public static class SetMeter
{
    public sealed record Command(
        MeterId Meter,
        string EventType,
        string Unit,
        Aggregation Aggregation,
        Author Author,
        string? Property = null,
        Properties? Filter = null,
        IReadOnlyList<string>? Dimensions = null);

    public static CatalogDecision Decide(Command command, CatalogState state, DateTimeOffset now)
    {
        var known = state.Meters.GetValueOrDefault(command.Meter);
        var dimensions = command.Dimensions ?? [];
        if (known is not null && CountsTheSame(command, known) && known.Dimensions.SequenceEqual(dimensions))
            return CatalogDecision.AlreadySo;

        var refusals = Check(command, known, dimensions).ToList();
        if (refusals.Count > 0) return CatalogDecision.Refuse(refusals);

        return CatalogDecision.Record(new MeterSetV1(
            command.Meter, command.EventType, command.Unit, command.Aggregation, dimensions,
            command.Author.At(now), command.Property, command.Filter));
    }

    private static bool CountsTheSame(Command command, MeterSetV1 known) =>
        known.EventType == command.EventType && known.Unit == command.Unit
        && known.Aggregation == command.Aggregation && known.Property == command.Property
        && Equals(known.Filter, command.Filter);

    private static IEnumerable<Refusal> Check(
        Command command, MeterSetV1? known, IReadOnlyList<string> dimensions)
    {
        foreach (var refusal in command.Author.Check()) yield return refusal;

        if (string.IsNullOrWhiteSpace(command.EventType))
            yield return new("event-type", "eventType", "Name the type of the usage events.");
        if (string.IsNullOrWhiteSpace(command.Unit))
            yield return new("unit", "unit", "Name the unit, as it shall stand on an invoice.");
        if (command.Property is null && command.Aggregation != Aggregation.Count)
            yield return new("property", "property",
                $"A meter of {command.Aggregation} takes a property of the event; only a count needs none.");
        if (command.Property is not null && command.Aggregation == Aggregation.Count)
            yield return new("property", "property", "A count takes no property: it counts events.");
        if (dimensions.Any(string.IsNullOrWhiteSpace) || dimensions.Distinct().Count() < dimensions.Count)
            yield return new("dimensions", "dimensions", "Dimensions are names of properties, each once.");
        if (known is not null && !CountsTheSame(command, known))
            yield return new("meter-counts-otherwise", "meter",
                $"Meter {command.Meter} is known and counts otherwise. Make another meter for what is new.");
        if (known is not null && known.Dimensions.Except(dimensions).Any())
            yield return new("dimension-taken-away", "dimensions",
                "A dimension stays: prices may depend on it. Add new ones behind those that are there.");
    }
}
