namespace Billing.Pricing.Catalog;

/// <summary>Moments as people give them.</summary>
public static class Moments
{
    /// <summary>Facts hold moments in UTC, whatever offset they came with.</summary>
    public static DateTimeOffset? Utc(DateTimeOffset? moment) => moment?.ToUniversalTime();
}
