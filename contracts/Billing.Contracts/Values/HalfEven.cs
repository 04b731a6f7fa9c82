using System.Numerics;

namespace Billing.Contracts.Values;

/// <summary>Division of whole numbers to the nearest, ties to the even neighbor (docs/adr/0004).</summary>
internal static class HalfEven
{
    public static Int128 Divide(Int128 number, Int128 divisor)
    {
        var (quotient, rest) = Int128.DivRem(Int128.Abs(number), Int128.Abs(divisor));
        var toHalf = (Int128.Abs(divisor) - rest).CompareTo(rest);
        var isUp = toHalf < 0 || (toHalf == 0 && Int128.IsOddInteger(quotient));

        var rounded = isUp ? quotient + 1 : quotient;
        return Int128.IsNegative(number) == Int128.IsNegative(divisor) ? rounded : -rounded;
    }

    /// <summary>number × part ÷ whole, where the product may need more than 128 bits.</summary>
    /// <exception cref="OverflowException">The result does.</exception>
    public static Int128 Share(Int128 number, BigInteger part, BigInteger whole)
    {
        var product = (BigInteger)number * part;
        var (quotient, rest) = BigInteger.DivRem(BigInteger.Abs(product), BigInteger.Abs(whole));
        var toHalf = (BigInteger.Abs(whole) - rest).CompareTo(rest);
        if (toHalf < 0 || (toHalf == 0 && !quotient.IsEven)) quotient += 1;

        return checked((Int128)(product.Sign * whole.Sign < 0 ? -quotient : quotient));
    }
}
