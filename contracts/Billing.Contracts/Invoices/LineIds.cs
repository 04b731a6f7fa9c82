using System.Globalization;
using Billing.Contracts.Entries;
using Billing.Contracts.Values;

namespace Billing.Contracts.Invoices;

/// <summary>
/// Ids of invoice lines, derived from what a line adds up: entries of one kind, meter and period of service.
/// So the line of a charge is found from the charge alone. What moves a charge within the period that it is
/// booked into stands on the charge's line; what moves it later is on a line of corrections.
/// </summary>
public static class LineIds
{
    /// <summary>The line of a charge.</summary>
    public static LineId Of(InvoiceId invoice, ChargeKind kind, MeterId? meter, BillingPeriod serves) =>
        Of(invoice, KindOf(kind), meter, serves);

    /// <param name="serves">The period of the service, also where that is the invoice's own.</param>
    public static LineId Of(InvoiceId invoice, LineKind kind, MeterId? meter, BillingPeriod serves) =>
        new(DerivedId.From(
            "invoice line",
            Text.Spell(invoice), kind.ToString(), meter is { } counted ? Text.Spell(counted) : "",
            serves.Start.UtcDateTime.ToString(MomentJson.Format, CultureInfo.InvariantCulture)));

    /// <summary>
    /// Charges that merge uses, or change their total, stand with the usage of their meter.
    /// </summary>
    public static LineKind KindOf(ChargeKind kind) => kind switch
    {
        ChargeKind.Use or ChargeKind.Merged or ChargeKind.Change => LineKind.Usage,
        ChargeKind.Fee => LineKind.Fee,
        ChargeKind.Proration => LineKind.Proration,
        ChargeKind.TrueUp => LineKind.TrueUp,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No kind of charge."),
    };
}
