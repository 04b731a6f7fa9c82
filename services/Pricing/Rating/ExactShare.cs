using System.Numerics;
using Billing.Contracts.Values;

namespace Billing.Pricing.Rating;

/// <summary>
/// Divisions of rating: through whole numbers of any size, ending half-even (docs/adr/0004).
/// </summary>
public static class ExactShare
{
    /// <summary>amount × part ÷ whole, at 12 decimals.</summary>
    /// <exception cref="OverflowException">More than 38 digits.</exception>
    public static Amount Of(Amount amount, Quantity part, Quantity whole) => Amount.FromTrillionths(
        Divide((BigInteger)amount.Trillionths * part.Billionths, whole.Billionths), amount.Currency);

    /// <summary>number ÷ divisor, to the nearest whole number, a tie to the even one.</summary>
    /// <exception cref="OverflowException">The result needs more than 128 bits.</exception>
    public static Int128 Divide(BigInteger number, BigInteger divisor)
    {
        var quotient = BigInteger.DivRem(BigInteger.Abs(number), BigInteger.Abs(divisor), out var rest);
        var toHalf = (2 * rest).CompareTo(BigInteger.Abs(divisor));
        if (toHalf > 0 || (toHalf == 0 && !quotient.IsEven)) quotient += 1;

        return checked((Int128)(number.Sign * divisor.Sign < 0 ? -quotient : quotient));
    }
}
