namespace Billing.Ingestion.Usage;

/// <summary>Sizes that no event may exceed, whichever way it comes.</summary>
public static class UsageLimits
{
    public const int LargestEventBytes = 64 * 1024;
    public const int MostProperties = 64;
    public const int LongestText = 1024;
    public const int LongestType = 128;

    /// <summary>Events of one HTTP call.</summary>
    public const int MostInBatch = 1_000;
}
