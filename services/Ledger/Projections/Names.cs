using Billing.Contracts.Values;

namespace Billing.Ledger.Projections;

/// <summary>Names that may be missing, as columns of keys: empty for none.</summary>
internal static class Names
{
    public static string Of(MeterId? meter) => meter is { } named ? named.ToString() : "";

    public static string Of(SubscriptionId? subscription) =>
        subscription is { } named ? named.ToString() : "";
}
