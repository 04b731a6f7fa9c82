using Billing.Contracts.Values;

namespace Billing.Pricing.Rating.Taking;

/// <summary>A row of <c>uses</c>.</summary>
/// <param name="Usage">The id of the usage fact.</param>
/// <param name="Tally">Null: it is in none.</param>
/// <param name="IsTold">It became a rating, so that a cancel takes a charge back.</param>
public sealed record UseRow(
    Guid Usage, TenantId Tenant, MeterId Meter, Use Use, UseStanding Standing, bool IsTold = false,
    Guid? Tally = null)
{
    /// <summary>As <see cref="UseRecord"/> decides about it.</summary>
    public UseRecord Record => new(
        Standing switch
        {
            UseStanding.Taken => UseState.Taken,
            UseStanding.CancelWaits => UseState.CancelWaits,
            _ => UseState.TakenBack,
        }, Use);
}

/// <summary>How a use stands. The numbers are stored.</summary>
public enum UseStanding : short
{
    Taken = 0,
    TakenBack = 1,

    /// <summary>No price is in force for it: it waits, and is in no tally.</summary>
    Unpriced = 2,

    /// <summary>Only the cancel has come. It has no meter.</summary>
    CancelWaits = 3,
}
