using Billing.Contracts;
using Billing.Contracts.Ratings;
using Billing.Contracts.Values;
using Billing.Ledger.Storage;
using Billing.ServiceDefaults.UsagePath;
using Billing.ServiceDefaults.UsagePath.Waiting;

namespace Billing.Ledger.Charges;

/// <summary>Takes everything with a price on it from Pricing, and its answers to closing.</summary>
public sealed class TakeRatings : IFactHandler
{
    public string Topic => Topics.Ratings;

    /// <summary>What is about one usage event goes in order; everything else stands for itself.</summary>
    public string KeyOf(Fact fact) => fact.WireName == CancelRated
        ? Text.Spell(fact.Read<CancelRatedV1>().Charge)
        : Text.Spell(fact.Id);

    public object Read(Fact fact) => Arrived.Of(KeptFact.Of(fact));

    public async Task Apply(FactBatch batch, CancellationToken cancellation)
    {
        Arrived[] arrived =
        [
            .. batch.Facts.Select(fact => fact.Reading as Arrived ?? Arrived.Of(KeptFact.Of(fact))),
        ];
        var posted = await PostFacts.Apply(arrived, batch.Transaction.Work(), batch.Now, cancellation);
        PostingMetrics.Count(posted);
    }

    private static readonly string CancelRated = WireNames.Of(typeof(CancelRatedV1));
}

/// <summary>Ratings of subscriptions that the catalog did not have, when it has gone on.</summary>
public sealed class RetryRatings : IWaitingHandler
{
    public string Kind => WaitingKinds.Subscription;

    public async Task<IReadOnlyCollection<long>> Retry(WaitingBatch batch, CancellationToken cancellation)
    {
        Arrived[] arrived =
        [
            .. batch.Rows.Select(row =>
                Arrived.Of(new WaitingFact(row.Id, KeptFact.Read(row.Body.Span), row.Since))),
        ];
        var posted = await PostFacts.Apply(arrived, batch.Transaction.Work(), batch.Now, cancellation);
        PostingMetrics.Count(posted);

        // What goes on waiting was kept anew, perhaps for something else.
        return [.. batch.Rows.Select(row => row.Id)];
    }
}
