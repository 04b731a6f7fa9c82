using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.Pricing.Catalog;
using Npgsql;

namespace Billing.Pricing.Merging;

/// <summary>
/// What one transaction puts into windows. Whoever has none is asked nothing and pays nothing for it.
/// </summary>
internal sealed class MergeTable(CatalogState catalog, NpgsqlConnection connection, DateTimeOffset now)
{
    private readonly Dictionary<FactId, BillingPeriod> known = [];
    private readonly List<MergePart> added = [];

    /// <summary>Uses that are going to be taken back: a charge of their own, or a part of one.</summary>
    public async Task Load(IEnumerable<FactId> uses, CancellationToken cancellation)
    {
        if (catalog.MergeWindows.IsEmpty) return;

        foreach (var (id, window) in await MergeRows.Windows(
            connection, [.. uses.Select(use => use.Value)], cancellation))
            known.TryAdd(id, window);
    }

    /// <returns>No: it is told by itself.</returns>
    public bool Add(FactId id, object rating)
    {
        if (catalog.MergeWindows.IsEmpty || WindowOf(rating) is not { } window) return false;

        added.Add(new(id, window, rating));
        known[id] = window;
        return true;
    }

    public void AddTo(NpgsqlBatch batch)
    {
        if (added.Count == 0) return;

        foreach (var command in MergeRows.Put(added, now)) batch.BatchCommands.Add(command);
        added.Clear();
    }

    // A part has no charge of its own that could be taken back, so its cancel is a part as well.
    private BillingPeriod? WindowOf(object rating) => rating switch
    {
        UseRatedV1 use => catalog.MergeWindows.TryGetValue(use.Tenant, out var said)
            ? SetMergeWindow.WindowOf(said, use.UsedAt, use.Period)
            : null,
        CancelRatedV1 cancel => known.GetValueOrDefault(
            RatingIds.Use(cancel.Event, cancel.Revision, cancel.Meter)),
        _ => null,
    };
}
