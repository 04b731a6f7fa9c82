using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger.Invoices;

/// <summary>What is left of one line of an invoice, before tax, discount gone.</summary>
/// <param name="Credited">By credit notes, exact.</param>
/// <param name="CreditedRounded">By credit notes, in minor units.</param>
/// <param name="CreditedTax">By credit notes.</param>
/// <param name="Corrected">By corrections of its charges, which are billed elsewhere: zero or below.</param>
public sealed record LineState(
    IssuedLine Issued, Amount Credited, Money CreditedRounded, Money CreditedTax, Amount Corrected)
{
    public static LineState Of(IssuedLine line)
    {
        var (exact, money) = (Amount.Zero(line.Exact.Currency), Money.Zero(line.Exact.Currency));
        return new(line, exact, money, money, exact);
    }

    /// <summary>
    /// What can be taken off: zero or above, and zero for a line that is itself below zero.
    /// </summary>
    public Amount Left => Remaining.Trillionths > 0 ? Remaining : Amount.Zero(Remaining.Currency);

    /// <summary>What a void takes off: below zero for a line that is itself below zero.</summary>
    public Amount Remaining
    {
        get
        {
            var remaining = Net - Credited + Corrected;
            var isPast = Net.Trillionths > 0 && remaining.Trillionths < 0;
            return isPast ? Amount.Zero(Net.Currency) : remaining;
        }
    }

    private Amount Net => Issued.Exact - Issued.Discount.ToAmount();

    private Money NetRounded => Issued.Rounded - Issued.Discount;

    /// <summary>
    /// Takes off a part that is not above what is left. In minor units the parts add up to the line: each is
    /// what the rounded total grows by, never above the line, and with the last one exactly the line.
    /// </summary>
    public CreditedLine Credit(Amount exact)
    {
        var soFar = RoundedAt(Credited + exact);
        return new(
            Issued.Line, Issued.Kind, exact, soFar - CreditedRounded,
            TaxAt(Credited + exact, soFar) - CreditedTax, Issued.Meter);
    }

    public LineState Evolve(CreditedLine credited) => this with
    {
        Credited = Credited + credited.Exact,
        CreditedRounded = CreditedRounded + credited.Rounded,
        CreditedTax = CreditedTax + credited.Tax,
    };

    private Money RoundedAt(Amount all)
    {
        if (all == Net) return NetRounded;

        var rounded = CreditedRounded + Rounding.NextCreditHalfEven(all, CreditedRounded);
        return rounded > NetRounded ? NetRounded : rounded;
    }

    // In the ratio of the rounded amounts; the whole tax with the whole line.
    private Money TaxAt(Amount all, Money rounded)
    {
        if (all == Net) return Issued.Tax;
        if (NetRounded.MinorUnits <= 0) return Money.Zero(Issued.Tax.Currency);

        return Issued.Tax.Allocate([rounded.MinorUnits, NetRounded.MinorUnits - rounded.MinorUnits])[0];
    }
}
