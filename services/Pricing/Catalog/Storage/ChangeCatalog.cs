using Billing.Contracts;
using Billing.ServiceDefaults.UsagePath;
using Billing.ServiceDefaults.UsagePath.Waiting;
using Npgsql;
using Polly;
using Polly.Retry;

namespace Billing.Pricing.Catalog.Storage;

/// <summary>
/// The one way in which the catalog changes: one change at a time, decided on the newest state, stored,
/// numbered and published, and left in the inboxes of the lanes whose tenants it concerns, all in one
/// transaction. The order of locks: the tenant's lane, the catalog, the lanes of what is sent.
/// </summary>
public sealed class ChangeCatalog(
    BatchTransactions transactions, StoredCatalog stored, Inbox inbox, TimeProvider time)
{
    private readonly ResiliencePipeline _again = new ResiliencePipelineBuilder { TimeProvider = time }
        .AddRetry(new RetryStrategyOptions
        {
            // Serialization, deadlocks, locks that were not got, lost connections. Where a commit's answer
            // was lost, the change is found by its id.
            ShouldHandle = new PredicateBuilder().Handle<NpgsqlException>(trouble => trouble.IsTransient),
            MaxRetryAttempts = 4,
            Delay = TimeSpan.FromMilliseconds(50),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
        })
        .Build();

    /// <summary>Returns when it is committed.</summary>
    public async Task<CatalogChange> Apply(CatalogWish wish, CancellationToken cancellation) =>
        await _again.ExecuteAsync(async token => await Try(wish, isDryRun: false, token), cancellation);

    /// <summary>The same without the commit: what would become of it now.</summary>
    public async Task<CatalogChange> Preview(CatalogWish wish, CancellationToken cancellation) =>
        await _again.ExecuteAsync(async token => await Try(wish, isDryRun: true, token), cancellation);

    private async Task<CatalogChange> Try(CatalogWish wish, bool isDryRun, CancellationToken cancellation)
    {
        await using var transaction = await transactions.Begin(cancellation);
        var connection = transaction.Connection;
        if (!isDryRun) await CatalogRows.Lock(connection, wish.Lane, cancellation);

        var known = await stored.Read(connection, cancellation);
        if (await CatalogRows.Find(connection, wish.Id, cancellation) is { Count: > 0 } before)
            return new CatalogChange.Done(before, known, IsRepeated: true);

        var now = time.GetUtcNow();
        var decision = await wish.Decide(new(known.State, now, connection), cancellation);
        if (decision is CatalogDecision.Refused refused) return new CatalogChange.Refused(refused.Refusals);

        var facts = Number(wish, known, (CatalogDecision.Accepted)decision);
        var done = new CatalogChange.Done(
            facts, facts.Aggregate(known, (state, fact) => state.With(fact.Number, fact.Message)));
        if (facts.Count == 0 || isDryRun) return done;

        await CatalogRows.Insert(connection, wish.Id, done, cancellation);
        await Tell(transaction, wish.Id, done, now, cancellation);
        await transaction.Commit(cancellation);
        inbox.Poke();
        return done;
    }

    private static List<StoredFact> Number(
        CatalogWish wish, KnownCatalog known, CatalogDecision.Accepted decision) =>
        [
            .. decision.Facts.Select((fact, place) => new StoredFact(
                known.Number + 1 + place, CatalogFacts.Id(wish.Id, place), fact)),
        ];

    private static async Task Tell(
        BatchTransaction transaction, Guid change, CatalogChange.Done done, DateTimeOffset now,
        CancellationToken cancellation)
    {
        var concerned = ConcernedTenants.Of(
            [.. done.Facts.Select(fact => (fact.Id, fact.Message))], done.Catalog);
        await Inbox.Leave(
            transaction.Connection, [.. concerned.Select(terms => terms.Row(change, now))], cancellation);

        foreach (var fact in done.Facts)
            transaction.Send(new(
                Topics.Catalog, CatalogFacts.Lane, fact.Id, WireNames.Of(fact.Message.GetType()),
                CatalogFacts.About(fact.Message, done.Catalog.State).Key, ContractsJson.Write(fact.Message),
                System.Diagnostics.Activity.Current?.Id));
    }
}
