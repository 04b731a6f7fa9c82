using Billing.Pricing.Subscriptions;
using Billing.ServiceDefaults.UsagePath;

namespace Billing.Pricing.Rating.Taking;

/// <summary>
/// Where everything is rated that belongs to lanes of this process: usage, requests of the inbox, redrives.
/// The usage path asks for one after the other, so what is kept in memory is for one thread at a time.
/// </summary>
public sealed class RatingDesk(CatalogHistory history, FindZone zones)
{
    private readonly TallyCache cache = new();
    private readonly PeriodTotal total = new();

    /// <summary>After the lanes were locked, so that no change of the catalog that was told is
    /// missed.</summary>
    internal async Task<RatingWork> Begin(
        BatchTransaction transaction, DateTimeOffset now, CancellationToken cancellation) => new(
            await history.Read(transaction.Connection, cancellation), zones, cache, total, transaction, now);
}
