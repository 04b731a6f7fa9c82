using Billing.Contracts.Catalog;
using Billing.Contracts.Values;

namespace Billing.Pricing.Rating;

/// <summary>
/// A part of a quantity that is itself money, with a least and a most for each event. The fee of an event
/// ends at 12 decimals, half-even; nothing is charged for an event of 0, and an event below zero gives back
/// exactly what the same event above zero costs.
/// </summary>
public static class Percentage
{
    /// <summary>What one event costs.</summary>
    public static Amount Fee(PriceModelV1.Percentage model, Quantity quantity)
    {
        if (quantity.IsZero) return Amount.Zero(model.Rate.Currency);
        if (quantity < Quantity.Zero) return -Fee(model, -quantity);

        var fee = (quantity * model.Rate).ToAmount();
        if (model.Minimum is { } minimum && fee < minimum) fee = minimum;
        if (model.Maximum is { } maximum && fee > maximum) fee = maximum;
        return fee;
    }

    /// <summary>
    /// What events cost together, of which only a part is billable: an allowance takes the same share off
    /// each, so that it does not matter which came first.
    /// </summary>
    /// <param name="fees">The sum of the fees of the events.</param>
    /// <param name="measured">The sum of their quantities.</param>
    /// <param name="billable">What of that is above the allowance.</param>
    public static ExtendedPrice Price(Amount fees, Quantity measured, Quantity billable, Worksheet? sheet)
    {
        if (billable == measured || measured.IsZero)
        {
            sheet?.Add("percentage", ExtendedPrice.Of(fees), billable);
            return ExtendedPrice.Of(fees);
        }

        var share = ExactShare.Of(fees, billable, measured);
        sheet?.AddDivided("percentage", share, billable);
        return ExtendedPrice.Of(share);
    }
}
