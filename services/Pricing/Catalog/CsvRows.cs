namespace Billing.Pricing.Catalog;

/// <summary>What was read so far of a catalog in CSV.</summary>
internal sealed class CsvRows
{
    private readonly List<CatalogFile.Placed<CatalogFile.Meter>> meters = [];
    private readonly List<CatalogFile.Placed<CatalogFile.Plan>> plans = [];
    private readonly List<CatalogFile.Placed<CatalogFile.Price>> prices = [];
    private readonly List<CatalogFile.Placed<CatalogFile.TenantAllowance>> allowances = [];
    private readonly List<CatalogFile.Placed<CatalogFile.TenantFee>> fees = [];

    public void Take(CsvRow row)
    {
        switch (row.Text(CsvColumns.Kind))
        {
            case "meter": Add(meters, row, CatalogCsv.Meter(row)); break;
            case "plan": Add(plans, row, CatalogCsv.Plan(row)); break;
            case "price": Add(prices, row, CatalogCsv.Price(row)); break;
            case CsvAgreements.AllowanceKind: Add(allowances, row, CsvAgreements.Allowance(row)); break;
            case CsvAgreements.FeeKind: Add(fees, row, CsvAgreements.Fee(row)); break;
            default:
                row.Refuse(
                    CsvColumns.Kind, "One of: meter, plan, price, tenant-allowance, tenant-fee.");
                break;
        }
    }

    public CatalogFile ToFile() => new(meters, plans, prices)
    {
        TenantAllowances = allowances,
        TenantFees = fees,
    };

    private static void Add<T>(List<CatalogFile.Placed<T>> into, CsvRow row, T? value) where T : class
    {
        if (value is not null) into.Add(new(row.Line, "", value));
    }
}
