using System.Text;
using Billing.Contracts.Catalog;
using Billing.Contracts.Values;

namespace Billing.Pricing.Catalog;

/// <summary>
/// A catalog file in CSV: one wide table, one row for each meter, plan, price and agreement, the columns in
/// any order.
/// Lists in a field are divided by semicolons; tiers are spelled <c>0=0.01 USD;1000=0.008 USD</c>.
/// </summary>
public static class CatalogCsv
{
    public static FileRead Read(string text)
    {
        var errors = new List<FileError>();
        var records = CsvText.Read(text.TrimStart('\uFEFF'), errors);
        var header = records.Count > 0 ? records[0].Fields : [];
        foreach (var column in header.Except(CsvColumns.All))
            errors.Add(new(1, column, "There is no such column."));
        if (!header.Contains(CsvColumns.Kind)) errors.Add(new(1, CsvColumns.Kind, "This column is needed."));
        if (errors.Count > 0) return new(CatalogFile.Empty, errors);

        var rows = new CsvRows();
        foreach (var record in records.Skip(1))
        {
            var row = new CsvRow(record, header, errors);
            var before = errors.Count;
            rows.Take(row);
            if (errors.Count == before) row.RefuseWhatIsLeft();
        }

        return new(rows.ToFile(), errors);
    }

    public static string Write(CatalogFile file)
    {
        var text = new StringBuilder();
        CsvText.Write(text, CsvColumns.All);
        foreach (var meter in file.Meters) CsvText.Write(text, CsvColumns.Of(meter.Value));
        foreach (var plan in file.Plans) CsvText.Write(text, CsvColumns.Of(plan.Value));
        foreach (var price in file.Prices) CsvText.Write(text, CsvColumns.Of(price.Value));
        foreach (var row in file.TenantAllowances) CsvText.Write(text, CsvAgreements.Of(row.Value));
        foreach (var row in file.TenantFees) CsvText.Write(text, CsvAgreements.Of(row.Value));
        return text.ToString();
    }

    internal static CatalogFile.Meter? Meter(CsvRow row)
    {
        var id = row.Needed<MeterId>("id");
        var aggregation = row.Name<Aggregation>("aggregation");
        var (type, unit) = (row.NeededText("event_type"), row.NeededText("unit"));
        var (property, filter) = (row.Text("property"), row.Pairs("filter"));
        var dimensions = row.List("dimensions");
        return id is null || aggregation is null || type is null || unit is null
            ? null
            : new(id.Value, type, unit, aggregation.Value, property, filter,
                dimensions.Count > 0 ? [.. dimensions.Select(CsvColumns.Unescape)] : null);
    }

    internal static CatalogFile.Plan? Plan(CsvRow row)
    {
        var (id, name) = (row.Needed<PlanId>("id"), row.NeededText("name"));
        var (fees, included) = (row.Values<Amount>("base_fees"), row.Keyed<MeterId, Quantity>("included"));
        var from = row.Moment("from");
        return id is null || name is null
            ? null
            : new(id.Value, name, fees.Count > 0 ? fees : null,
                included.Count > 0
                    ? [.. included.Select(pair => new AllowanceV1(pair.Key, pair.Value))]
                    : null,
                from);
    }

    internal static CatalogFile.Price? Price(CsvRow row)
    {
        var id = row.Needed<PriceRuleId>("id");
        var (meter, currency) = (row.Needed<MeterId>("meter"), row.Needed<Currency>("currency"));
        var model = Model(row);
        var (plan, country, tenant) =
            (row.Value<PlanId>("plan"), row.Text("country"), row.Value<TenantId>("tenant"));
        var (least, most) = (row.Value<Amount>("minimum_commitment"), row.Value<Amount>("maximum_cap"));
        var (where, from, until) = (row.Pairs("where"), row.Moment("from"), row.Moment("until"));
        return id is null || meter is null || currency is null || model is null
            ? null
            : new(
                id.Value, meter.Value, currency.Value, model, plan, country, tenant, where, least, most, from,
                until);
    }

    private static PriceModelV1? Model(CsvRow row) => row.NeededText("model") switch
    {
        "per-unit" => row.Needed<UnitPrice>("price") is { } price ? new PriceModelV1.PerUnit(price) : null,
        "fixed" => row.Needed<Amount>("amount") is { } amount ? new PriceModelV1.Fixed(amount) : null,
        "graduated" => Tiers(row) is { } tiers ? new PriceModelV1.Graduated(tiers) : null,
        "volume" => Tiers(row) is { } tiers ? new PriceModelV1.Volume(tiers) : null,
        "package" => (row.Needed<Quantity>("size"), row.Needed<Amount>("amount")) is ({ } size, { } amount)
            ? new PriceModelV1.Package(size, amount)
            : null,
        "percentage" => row.Needed<UnitPrice>("price") is { } rate
            ? new PriceModelV1.Percentage(rate, row.Value<Amount>("minimum"), row.Value<Amount>("maximum"))
            : null,
        null => null,
        _ => row.Refuse<PriceModelV1>(
            "model", "One of: per-unit, fixed, graduated, volume, package, percentage."),
    };

    private static List<TierV1>? Tiers(CsvRow row)
    {
        if (row.NeededText("tiers") is null) return null;

        var tiers = row.Keyed<Quantity, UnitPrice>("tiers");
        return tiers.Count > 0 ? [.. tiers.Select(tier => new TierV1(tier.Key, tier.Value))] : null;
    }
}
