using System.Globalization;
using System.Text.Json.Serialization;

namespace Billing.Ledger.Queries;

[JsonConverter(typeof(JsonStringEnumConverter<Direction>))]
public enum Direction
{
    [JsonStringEnumMemberName("down")] Down,
    [JsonStringEnumMemberName("stable")] Stable,
    [JsonStringEnumMemberName("up")] Up,
}

/// <summary>The straight line through the amounts of months that misses them least (least squares).</summary>
/// <param name="GrowthPercent">
/// From the first month to the last along the line, of the first; null where that is zero or below.
/// </param>
public sealed record TrendLine(Direction Direction, decimal? GrowthPercent)
{
    // Less than that over all months is called stable.
    private const decimal Noticeable = 5m;

    public static TrendLine Through(IReadOnlyList<decimal> amounts)
    {
        if (amounts.Count < 2) return new(Direction.Stable, null);

        var middle = (amounts.Count - 1) / 2m;
        var mean = amounts.Average();
        var slope = amounts.Select((amount, place) => (place - middle) * (amount - mean)).Sum()
            / amounts.Select((_, place) => (place - middle) * (place - middle)).Sum();
        var (first, last) = (mean - slope * middle, mean + slope * middle);
        if (first <= 0) return new(slope > 0 ? Direction.Up : Direction.Stable, null);

        var growth = decimal.Round((last - first) / first * 100, 1);
        return new(Of(growth), growth);
    }

    /// <summary>A sentence for people.</summary>
    public string Advice(string meter) => Direction switch
    {
        Direction.Up when GrowthPercent is { } percent => string.Create(
            CultureInfo.InvariantCulture,
            $"Charges for {meter} grow by {percent} %: compare a plan that includes more."),
        Direction.Up => $"Charges for {meter} have begun: compare a plan that includes them.",
        Direction.Down => $"Charges for {meter} shrink: a smaller plan may do.",
        _ => $"Charges for {meter} are stable.",
    };

    private static Direction Of(decimal growth)
    {
        if (growth > Noticeable) return Direction.Up;
        return growth < -Noticeable ? Direction.Down : Direction.Stable;
    }
}
