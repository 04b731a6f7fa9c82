namespace Billing.Pricing.Rating.Taking;

/// <summary>A tally with what has to be known to go on with it.</summary>
/// <param name="Stamp">Of the transaction that wrote it; 0: it is not stored yet.</param>
/// <param name="CatalogNumber">By which it was reckoned.</param>
/// <param name="Terms">In force by that number.</param>
/// <param name="LastUsedAt">Of all uses that ever were in it.</param>
public sealed record KnownTally(
    TallyKey Key, long Stamp, long CatalogNumber, Terms Terms, Tally Tally, DateTimeOffset? LastUsedAt)
{
    public KnownTally With(Tally tally, DateTimeOffset usedAt) => this with
    {
        Tally = tally,
        LastUsedAt = LastUsedAt is { } last && last >= usedAt ? last : usedAt,
    };
}

/// <summary>
/// Tallies in memory. They may be older than what is stored, or be of a commit that failed; their stamp tells
/// when they are written, and then all is forgotten and read again. For one thread at a time.
/// </summary>
public sealed class TallyCache
{
    private const int MostOfOneAge = 50_000;

    private Dictionary<Guid, KnownTally> young = [];
    private Dictionary<Guid, KnownTally> old = [];

    public KnownTally? Find(Guid id)
    {
        if (young.TryGetValue(id, out var found)) return found;
        if (!old.TryGetValue(id, out found)) return null;

        Keep(found);
        return found;
    }

    public void Keep(KnownTally tally)
    {
        // What was not asked for while as many others were, goes.
        if (young.Count >= MostOfOneAge) (old, young) = (young, []);
        young[tally.Key.Id] = tally;
    }

    public void Forget() => (old, young) = ([], []);
}
