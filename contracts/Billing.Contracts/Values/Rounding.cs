namespace Billing.Contracts.Values;

/// <summary>The only bridge from exact amounts to money (docs/adr/0004).</summary>
public static class Rounding
{
    /// <summary>
    /// To whole minor units of the amount's currency; a tie goes to the even one. Once per invoice line, and
    /// nowhere else.
    /// </summary>
    /// <exception cref="OverflowException">More minor units than 64 bits hold.</exception>
    public static Money ToMinorUnitsHalfEven(Amount amount)
    {
        var oneMinorUnit = FixedPoint.PowerOfTen(Amount.Decimals - amount.Currency.MinorUnits);
        return new((long)HalfEven.Divide(amount.Trillionths, oneMinorUnit), amount.Currency);
    }

    /// <summary>
    /// The next part of a line that is credited bit by bit: rounded(all so far) − already credited, so that
    /// the parts never drift from the whole.
    /// </summary>
    public static Money NextCreditHalfEven(Amount allSoFar, Money alreadyCredited) =>
        ToMinorUnitsHalfEven(allSoFar) - alreadyCredited;
}
