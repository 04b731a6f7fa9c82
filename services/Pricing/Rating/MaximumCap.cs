using Billing.Contracts.Values;

namespace Billing.Pricing.Rating;

/// <summary>
/// At most so much is charged for a period. A cap looks at what the period has come to without any cap, so it
/// charges nothing more beyond itself and takes back nothing that an earlier price has charged.
/// </summary>
public static class MaximumCap
{
    /// <summary>What of a step from one total to another is charged.</summary>
    /// <param name="before">The uncapped total before.</param>
    /// <param name="after">The uncapped total after.</param>
    public static ExtendedPrice Charged(
        Amount? cap, ExtendedPrice before, ExtendedPrice after, Worksheet? sheet)
    {
        if (cap is not { } limit) return after - before;

        var most = ExtendedPrice.Of(limit);
        var charged = Least(after, most) - Least(before, most);
        if (charged != after - before) sheet?.Add("cap", charged - (after - before));
        return charged;
    }

    private static ExtendedPrice Least(ExtendedPrice left, ExtendedPrice right) =>
        left > right ? right : left;
}
