using Billing.Contracts.Values;

namespace Billing.Pricing.Rating;

/// <summary>
/// At least so much is charged for a period; what is missing comes as a true-up when it closes.
/// </summary>
public static class MinimumCommitment
{
    /// <summary>What is missing to the minimum; zero where nothing is.</summary>
    public static Amount Missing(Amount minimum, Amount charged) =>
        charged < minimum ? minimum - charged : Amount.Zero(minimum.Currency);

    /// <summary>
    /// Minimums that each hold for some days of a period, as one for the period: added up first, then divided
    /// once, ending at 12 decimals, half-even.
    /// </summary>
    /// <exception cref="OverflowException">More than 38 digits.</exception>
    public static Amount ForDays(
        IEnumerable<(Amount Minimum, int Days)> parts, int ofDays, Currency currency) =>
        DayShares.Sum(parts, ofDays, currency);
}
