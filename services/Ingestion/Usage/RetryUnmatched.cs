using Billing.Ingestion.Catalog;
using Billing.Ingestion.Usage.Reading;
using Billing.ServiceDefaults.UsagePath.Waiting;

namespace Billing.Ingestion.Usage;

/// <summary>
/// Judges unmatched events again when the catalog has gone on. It looks at the catalog after the number was
/// read by which the caller says they were judged, so no news can slip in between.
/// </summary>
public sealed class RetryUnmatched(KnownCatalog catalog) : IWaitingHandler
{
    public string Kind => WaitingUsage.UnmatchedKind;

    public async Task<IReadOnlyCollection<long>> Retry(WaitingBatch batch, CancellationToken cancellation)
    {
        var now = Moments.Cut(batch.Now);
        var known = await catalog.Refresh(cancellation);
        var rows = batch.Rows.Select(row => (row.Id, Usage: WaitingUsage.Read(row.Body.Span))).ToList();
        var keys = new UsageKeys(now, rows.Count);
        await keys.Hold(
            rows.Select(row => row.Usage.Key).Distinct(), batch.Transaction.Connection, cancellation);

        using var facts = new UsageFacts();
        var usages = new UsageBatch(keys, known, facts, batch.Transaction, now);
        var done = new List<long>();
        foreach (var (id, usage) in rows)
            if (usages.Retry(usage)) done.Add(id);

        usages.Effects.Write(keys, areUnseen: false, batch.Transaction);
        return done;
    }
}
