namespace Billing.Quota;

/// <summary>Reasons that are decided here and not by the service.</summary>
internal static class QuotaReasons
{
    public const string HardCap = "hard-cap";

    public const string Away = "away";
}
