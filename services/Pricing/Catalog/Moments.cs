namespace Billing.Pricing.Catalog;

/// <summary>Moments as people give them.</summary>
public static class Moments
{
    /// <summary>As the end of what has none, where a fact has to say that it has none any more.</summary>
    public static readonly DateTimeOffset Never = new(9999, 12, 31, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Facts hold moments in UTC, whatever offset they came with.</summary>
    public static DateTimeOffset? Utc(DateTimeOffset? moment) => moment?.ToUniversalTime();
}
