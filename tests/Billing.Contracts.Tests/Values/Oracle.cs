using System.Numerics;

namespace Billing.Contracts.Tests.Values;

/// <summary>Rounding by its definition, slowly, sharing no code with the product.</summary>
internal static class Oracle
{
    public static BigInteger HalfEven(BigInteger number, BigInteger divisor)
    {
        if (divisor.Sign < 0) (number, divisor) = (-number, -divisor);

        var down = (number - Modulo(number, divisor)) / divisor; // the floor
        var twice = 2 * (number - down * divisor);
        if (twice < divisor) return down;
        if (twice > divisor) return down + 1;
        return down.IsEven ? down : down + 1;
    }

    private static BigInteger Modulo(BigInteger number, BigInteger divisor) =>
        ((number % divisor) + divisor) % divisor;
}
