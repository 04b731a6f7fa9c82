namespace Billing.Pricing.Rating;

/// <summary>
/// What is kept of one revision of a usage event for one meter, so that each is taken once and taken back
/// once, whatever comes twice or in another order.
/// </summary>
/// <param name="Use">As it was taken; null where only the cancel has come.</param>
public sealed record UseRecord(UseState State, Use? Use = null)
{
    /// <summary>What a use does that finds this record; null: nothing is kept of it yet.</summary>
    public static UseStep WhenUsed(UseRecord? record) => record?.State switch
    {
        null => UseStep.Take,
        UseState.CancelWaits => UseStep.TakeAndTakeBack,
        _ => UseStep.None,
    };

    /// <summary>What a cancel does that finds this record.</summary>
    public static UseStep WhenCanceled(UseRecord? record) => record?.State switch
    {
        null => UseStep.Wait,
        UseState.Taken => UseStep.TakeBack,
        _ => UseStep.None,
    };
}

public enum UseState
{
    Taken,
    TakenBack,

    /// <summary>The cancel came first; it waits for the use.</summary>
    CancelWaits,
}

public enum UseStep
{
    /// <summary>It was done already.</summary>
    None,
    Take,
    TakeBack,

    /// <summary>The use came behind its cancel: both are rated, one after the other.</summary>
    TakeAndTakeBack,
    Wait,
}
