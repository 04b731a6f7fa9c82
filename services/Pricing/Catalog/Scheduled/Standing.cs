namespace Billing.Pricing.Catalog.Scheduled;

/// <summary>
/// Facts that say how something is from a moment on, each until the next. One that was withdrawn is followed
/// by one of the same moment that says what held before, so it changes nothing any more.
/// </summary>
public static class Standing
{
    /// <summary>Those that change something, by the time from which they do.</summary>
    /// <param name="isSame">They say the same; null: as where nothing was said.</param>
    public static IEnumerable<T> Of<T>(
        IReadOnlyList<T> facts, Func<T, DateTimeOffset> from, Func<T?, T, bool> isSame) where T : class
    {
        T? before = null;
        foreach (var moment in facts.Select(from).Distinct().Order())
        {
            // The newest that has begun is in force.
            var inForce = facts.Last(fact => from(fact) <= moment);
            if (from(inForce) == moment && !isSame(before, inForce)) yield return inForce;
            before = inForce;
        }
    }
}
