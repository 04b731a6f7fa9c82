using Billing.Contracts.Values;

namespace Billing.Pricing.Catalog;

/// <summary>Rows of a catalog in CSV that are about what was agreed with one tenant.</summary>
internal static class CsvAgreements
{
    public const string AllowanceKind = "tenant-allowance", FeeKind = "tenant-fee";

    private const string End = "is_end", Yes = "true";

    public static CatalogFile.TenantAllowance? Allowance(CsvRow row)
    {
        var (tenant, meter) = (row.Needed<TenantId>("tenant"), row.Needed<MeterId>("meter"));
        var (isEnd, plan) = (IsEnd(row), row.Value<PlanId>("plan"));
        var quantity = isEnd ? null : row.Needed<Quantity>("quantity");
        var (from, until) = (row.Moment("from"), row.Moment("until"));
        return tenant is null || meter is null || (quantity is null && !isEnd)
            ? null
            : new(tenant.Value, meter.Value, quantity, plan, from, until, isEnd);
    }

    public static CatalogFile.TenantFee? Fee(CsvRow row)
    {
        var (tenant, fee) = (row.Needed<TenantId>("tenant"), row.Needed<Amount>("amount"));
        var (isEnd, plan) = (IsEnd(row), row.Value<PlanId>("plan"));
        var (from, until) = (row.Moment("from"), row.Moment("until"));
        return tenant is null || fee is null ? null : new(tenant.Value, fee.Value, plan, from, until, isEnd);
    }

    private static bool IsEnd(CsvRow row)
    {
        var text = row.Text(End);
        if (text is not (null or Yes)) row.Refuse(End, $"It is {Yes} or empty.");
        return text == Yes;
    }

    public static IEnumerable<string?> Of(CatalogFile.TenantAllowance row) => CsvColumns.Row(new()
    {
        [CsvColumns.Kind] = AllowanceKind,
        ["tenant"] = row.Tenant.ToString(),
        ["meter"] = row.Meter.ToString(),
        ["quantity"] = row.Quantity?.ToString(),
        [End] = row.IsEnd ? Yes : null,
        ["plan"] = row.Plan?.ToString(),
        ["from"] = CsvColumns.Moment(row.From),
        ["until"] = CsvColumns.Moment(row.Until),
    });

    public static IEnumerable<string?> Of(CatalogFile.TenantFee row) => CsvColumns.Row(new()
    {
        [CsvColumns.Kind] = FeeKind,
        ["tenant"] = row.Tenant.ToString(),
        ["amount"] = row.Fee.ToString(),
        [End] = row.IsEnd ? Yes : null,
        ["plan"] = row.Plan?.ToString(),
        ["from"] = CsvColumns.Moment(row.From),
        ["until"] = CsvColumns.Moment(row.Until),
    });
}
