using Billing.Contracts.Invoices;
using Billing.Contracts.Values;
using Billing.Ledger.Events;
using LineKind = Billing.Ledger.Events.LineKind;

namespace Billing.Ledger.Invoices;

/// <summary>Finds lines by what they add up, and checks that an invoice adds up.</summary>
internal static class InvoiceLines
{
    public static LineId Of(InvoiceId invoice, ChargePosted charge) =>
        Of(invoice, KindOf(charge.Kind), charge.Meter, charge.Served());

    /// <summary>Null where the lines make the total and each is rounded once, as all lines are.</summary>
    public static Refusal? Malformed(InvoiceIssued invoice)
    {
        if (!invoice.Lines.All(line => IsIn(invoice.Total.Currency, line))) return Refusal.DoesNotAddUp;
        if (invoice.Lines.DistinctBy(line => line.Line).Count() != invoice.Lines.Count)
            return Refusal.DoesNotAddUp;
        if (!invoice.Lines.All(IsRounded)) return Refusal.DoesNotAddUp;

        var total = Money.Sum(invoice.Lines.Select(Charged), invoice.Total.Currency);
        if (total != invoice.Total) return Refusal.DoesNotAddUp;

        return invoice.Lines.All(line => IsNamed(invoice, line)) ? null : Refusal.LineIdDiffers;
    }

    public static Amount ExactSum(InvoiceIssued invoice) =>
        Amount.Sum(invoice.Lines.Select(line => line.Exact), invoice.Total.Currency);

    private static bool IsIn(Currency currency, IssuedLine line) =>
        line.Exact.Currency == currency && line.Rounded.Currency == currency
        && line.Discount.Currency == currency && line.Tax.Currency == currency;

    // No tax on nothing, or a credit of the whole line could not take it back.
    private static bool IsRounded(IssuedLine line) =>
        line.Rounded == Rounding.ToMinorUnitsHalfEven(line.Exact) && line.Discount.MinorUnits >= 0
        && (line.Tax.IsZero || line.Rounded != line.Discount);

    private static Money Charged(IssuedLine line) => line.Rounded - line.Discount + line.Tax;

    private static bool IsNamed(InvoiceIssued invoice, IssuedLine line) =>
        line.Line == Of(invoice.Invoice, line.Kind, line.Meter, line.Serves ?? invoice.Booking.Period);

    private static LineId Of(InvoiceId invoice, LineKind kind, MeterId? meter, BillingPeriod serves) =>
        LineIds.Of(invoice, Contract(kind), meter, serves);

    private static LineKind KindOf(ChargeKind kind) => kind switch
    {
        ChargeKind.Use or ChargeKind.Merged or ChargeKind.Change => LineKind.Usage,
        ChargeKind.Fee => LineKind.Fee,
        ChargeKind.Proration => LineKind.Proration,
        ChargeKind.TrueUp => LineKind.TrueUp,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "On no line yet."),
    };

    private static Contracts.Invoices.LineKind Contract(LineKind kind) => kind switch
    {
        LineKind.Usage => Contracts.Invoices.LineKind.Usage,
        LineKind.Fee => Contracts.Invoices.LineKind.Fee,
        LineKind.Proration => Contracts.Invoices.LineKind.Proration,
        LineKind.TrueUp => Contracts.Invoices.LineKind.TrueUp,
        LineKind.Correction => Contracts.Invoices.LineKind.Correction,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "On no line yet."),
    };
}
