namespace Billing.Pricing.Catalog;

/// <summary>
/// The catalog as a file: the newest version of everything that is not retired, and all that was agreed.
/// </summary>
public static class ExportCatalog
{
    public static CatalogFile From(CatalogState state) => new(
        [
            .. state.Meters.Values.OrderBy(meter => meter.Meter.ToString(), StringComparer.Ordinal)
                .Select((meter, index) =>
                    new CatalogFile.Placed<CatalogFile.Meter>(0, $"meters[{index}]", new(
                    meter.Meter, meter.EventType, meter.Unit, meter.Aggregation, meter.Property, meter.Filter,
                    meter.Dimensions.Count > 0 ? meter.Dimensions : null))),
        ],
        [
            .. state.Plans.Values.Select(plan => plan.Newest)
                .OrderBy(plan => plan.Plan.ToString(), StringComparer.Ordinal)
                .Select((plan, index) => new CatalogFile.Placed<CatalogFile.Plan>(0, $"plans[{index}]", new(
                    plan.Plan, plan.Name, plan.BaseFees.Count > 0 ? plan.BaseFees : null,
                    plan.Included.Count > 0 ? plan.Included : null, plan.From))),
        ],
        [
            .. state.Rules.Values.Where(rule => rule.RetiredFrom is null).Select(rule => rule.Newest)
                .OrderBy(rule => rule.Rule.ToString(), StringComparer.Ordinal)
                .Select((rule, index) => new CatalogFile.Placed<CatalogFile.Price>(0, $"prices[{index}]", new(
                    rule.Rule, rule.Meter, rule.Currency, rule.Model, rule.Plan, rule.Country, rule.Tenant,
                    rule.Where, rule.MinimumCommitment, rule.MaximumCap, rule.From, rule.Until))),
        ])
    {
        TenantAllowances = FileAgreements.Allowances(state),
        TenantFees = FileAgreements.Fees(state),
    };
}
