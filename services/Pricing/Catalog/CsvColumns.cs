using System.Globalization;
using System.Text.Json;
using Billing.Contracts.Catalog;
using Billing.Contracts.Values;

namespace Billing.Pricing.Catalog;

/// <summary>The columns of a catalog in CSV, and what stands in them.</summary>
internal static class CsvColumns
{
    public const string Kind = "kind";

    public static IReadOnlyList<string> All { get; } =
    [
        Kind, "id", "name", "event_type", "unit", "aggregation", "property", "filter", "dimensions",
        "base_fees", "included", "meter", "currency", "plan", "country", "tenant", "where", "model", "price",
        "amount", "size",
        "tiers", "minimum", "maximum", "minimum_commitment", "maximum_cap", "from", "until", "quantity",
        "is_end",
    ];

    public static IEnumerable<string?> Of(CatalogFile.Meter meter) => Row(new()
    {
        [Kind] = "meter",
        ["id"] = meter.Id.ToString(),
        ["event_type"] = meter.EventType,
        ["unit"] = meter.Unit,
        ["aggregation"] = JsonNamingPolicy.KebabCaseLower.ConvertName(meter.Aggregation.ToString()),
        ["property"] = meter.Property,
        ["filter"] = Pairs(meter.Filter),
        ["dimensions"] = string.Join(';', (meter.Dimensions ?? []).Select(Escape)),
    });

    public static IEnumerable<string?> Of(CatalogFile.Plan plan) => Row(new()
    {
        [Kind] = "plan",
        ["id"] = plan.Id.ToString(),
        ["name"] = plan.Name,
        ["base_fees"] = string.Join(';', plan.BaseFees ?? []),
        ["included"] = string.Join(';', (plan.Included ?? []).Select(one => $"{one.Meter}={one.Quantity}")),
        ["from"] = Moment(plan.From),
    });

    public static IEnumerable<string?> Of(CatalogFile.Price price)
    {
        var row = new Dictionary<string, string?>
        {
            [Kind] = "price",
            ["id"] = price.Id.ToString(),
            ["meter"] = price.Meter.ToString(),
            ["currency"] = price.Currency.ToString(),
            ["plan"] = price.Plan?.ToString(),
            ["country"] = price.Country,
            ["tenant"] = price.Tenant?.ToString(),
            ["where"] = Pairs(price.Where),
            ["minimum_commitment"] = price.MinimumCommitment?.ToString(),
            ["maximum_cap"] = price.MaximumCap?.ToString(),
            ["from"] = Moment(price.From),
            ["until"] = Moment(price.Until),
        };
        foreach (var (column, text) in Model(price.Model)) row[column] = text;
        return Row(row);
    }

    private static Dictionary<string, string?> Model(PriceModelV1 model) => model switch
    {
        PriceModelV1.PerUnit one => new() { ["model"] = "per-unit", ["price"] = one.Price.ToString() },
        PriceModelV1.Fixed one => new() { ["model"] = "fixed", ["amount"] = one.Amount.ToString() },
        PriceModelV1.Graduated one => new() { ["model"] = "graduated", ["tiers"] = Tiers(one.Tiers) },
        PriceModelV1.Volume one => new() { ["model"] = "volume", ["tiers"] = Tiers(one.Tiers) },
        PriceModelV1.Package one => new()
        {
            ["model"] = "package",
            ["size"] = one.Size.ToString(),
            ["amount"] = one.Price.ToString(),
        },
        PriceModelV1.Percentage one => new()
        {
            ["model"] = "percentage",
            ["price"] = one.Rate.ToString(),
            ["minimum"] = one.Minimum?.ToString(),
            ["maximum"] = one.Maximum?.ToString(),
        },
        _ => throw new ArgumentException($"{model.GetType().Name} has no columns.", nameof(model)),
    };

    internal static IEnumerable<string?> Row(Dictionary<string, string?> row) =>
        All.Select(column => row.GetValueOrDefault(column));

    private static string Tiers(IReadOnlyList<TierV1> tiers) =>
        string.Join(';', tiers.Select(tier => $"{tier.From}={tier.Price}"));

    private static string? Pairs(Properties? properties) => properties is null
        ? null
        : string.Join(';', properties.All.Select(pair => $"{Escape(pair.Key)}={Escape(pair.Value)}"));

    /// <summary>The signs that divide a field are spelled otherwise inside of its parts.</summary>
    public static string Escape(string text) => text.Replace("%", "%25", StringComparison.Ordinal)
        .Replace(";", "%3B", StringComparison.Ordinal).Replace("=", "%3D", StringComparison.Ordinal);

    public static string Unescape(string text) => text.Replace("%3B", ";", StringComparison.Ordinal)
        .Replace("%3D", "=", StringComparison.Ordinal).Replace("%25", "%", StringComparison.Ordinal);

    internal static string? Moment(DateTimeOffset? moment) =>
        moment?.UtcDateTime.ToString(MomentJson.Format, CultureInfo.InvariantCulture);
}
