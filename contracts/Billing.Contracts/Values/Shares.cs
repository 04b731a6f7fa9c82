using System.Numerics;

namespace Billing.Contracts.Values;

/// <summary>Divides a whole number so that nothing is lost.</summary>
internal static class Shares
{
    /// <summary>
    /// Each share is what the rounded running total grows by, so the shares add up to the number, and none is
    /// further from its exact value than one unit.
    /// </summary>
    /// <exception cref="ArgumentException">A negative weight, or none above zero.</exception>
    public static IEnumerable<Int128> Of(Int128 number, IReadOnlyList<long> weights)
    {
        if (weights.Any(weight => weight < 0))
            throw new ArgumentException("A weight is negative.", nameof(weights));

        var whole = weights.Aggregate(BigInteger.Zero, (sum, weight) => sum + weight);
        if (whole.IsZero) throw new ArgumentException("No weight is above zero.", nameof(weights));

        return Divide(number, weights, whole);
    }

    private static IEnumerable<Int128> Divide(Int128 number, IReadOnlyList<long> weights, BigInteger whole)
    {
        var (part, given) = (BigInteger.Zero, Int128.Zero);
        foreach (var weight in weights)
        {
            part += weight;
            var upToHere = HalfEven.Share(number, part, whole);
            yield return upToHere - given;
            given = upToHere;
        }
    }
}
