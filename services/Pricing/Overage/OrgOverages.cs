using Billing.Contracts.Values;

namespace Billing.Pricing.Overage;

/// <summary>The overages of a tenant in a period, with the total in minor units as an invoice would show
/// it.</summary>
public sealed record OrgOverages(
    TenantId Tenant, BillingPeriod Period, IReadOnlyList<OrgOverages.Line> Lines, Money Total)
{
    /// <param name="Cost">Rounded once, half-even, as an invoice line is.</param>
    public sealed record Line(MeterId Meter, Quantity Amount, UnitPrice? UnitPrice, Amount Exact, Money Cost);

    /// <summary>Meters with nothing over are there with zeros.</summary>
    public static OrgOverages Of(
        TenantId tenant, BillingPeriod period, Currency currency, IEnumerable<UsageView> views)
    {
        var lines = views.Select(view => new Line(
            view.Meter, view.Over, view.UnitPrice, view.Cost,
            Rounding.ToMinorUnitsHalfEven(view.Cost))).ToList();
        return new(tenant, period, lines, Money.Sum(lines.Select(line => line.Cost), currency));
    }
}
