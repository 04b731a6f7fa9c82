using System.Numerics;
using Billing.Contracts.Values;

namespace Billing.Pricing.Rating;

/// <summary>Amounts for a period of which each holds for some of its days.</summary>
public static class DayShares
{
    /// <summary>
    /// Σ amount × days ÷ days of the period; one division, ending at 12 decimals, half-even.
    /// </summary>
    /// <exception cref="OverflowException">More than 38 digits.</exception>
    public static Amount Sum(IEnumerable<(Amount Amount, int Days)> parts, int ofDays, Currency currency)
    {
        var sum = BigInteger.Zero;
        foreach (var (amount, days) in parts)
        {
            if (amount.Currency != currency)
                throw new InvalidOperationException($"{amount.Currency} and {currency} do not mix.");
            sum += (BigInteger)amount.Trillionths * days;
        }

        return Amount.FromTrillionths(ExactShare.Divide(sum, ofDays), currency);
    }
}
