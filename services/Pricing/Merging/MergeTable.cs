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
    private readonly Dictionary<FactId, (BillingPeriod Window, ChargeId? Charge)> known = [];
    private readonly List<MergePart> added = [];

    /// <summary>Uses that are going to be taken back: a charge of their own, or a part of one.</summary>
    public async Task Load(IEnumerable<FactId> uses, CancellationToken cancellation)
    {
        if (catalog.MergeWindows.IsEmpty) return;

        foreach (var (id, window, charge) in await MergeRows.Windows(
            connection, [.. uses.Select(use => use.Value)], cancellation))
            known.TryAdd(id, (window, charge));
    }

    /// <summary>
    /// The rating as it is told by itself: a cancel takes back of the charge that its use is in.
    /// </summary>
    public object Alone(object rating) => rating is CancelRatedV1 cancel && UseOf(cancel).Charge is { } charge
        ? cancel with { Charge = charge }
        : rating;

    /// <returns>No: it is told by itself.</returns>
    public bool Add(FactId id, object rating)
    {
        if (catalog.MergeWindows.IsEmpty || WindowOf(rating) is not { } window) return false;

        added.Add(new(id, window, rating));
        known[id] = (window, null);
        return true;
    }

    public void AddTo(NpgsqlBatch batch)
    {
        if (added.Count == 0) return;

        foreach (var command in MergeRows.Put(added, now)) batch.BatchCommands.Add(command);
        added.Clear();
    }

    // The cancel of a part that was not told is a part as well. What was told is a charge, and whoever books
    // that sees whether a person has corrected it since.
    private BillingPeriod? WindowOf(object rating) => rating switch
    {
        UseRatedV1 use => catalog.MergeWindows.TryGetValue(use.Tenant, out var said)
            ? SetMergeWindow.WindowOf(said, use.UsedAt, use.Period)
            : null,
        CancelRatedV1 cancel => UseOf(cancel) is { Window: var window, Charge: null } ? window : null,
        _ => null,
    };

    private (BillingPeriod? Window, ChargeId? Charge) UseOf(CancelRatedV1 cancel) =>
        known.TryGetValue(RatingIds.Use(cancel.Event, cancel.Revision, cancel.Meter), out var use)
            ? use
            : default;
}
