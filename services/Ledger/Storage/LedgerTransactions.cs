using Billing.Ledger.Projections;
using Billing.ServiceDefaults.UsagePath;
using Marten;
using Marten.Exceptions;

namespace Billing.Ledger.Storage;

/// <summary>Opens the ledger's transactions: those of the usage path, and those of people.</summary>
/// <param name="fresh">Where the read models of this process find what was committed.</param>
public sealed class LedgerTransactions(
    IDocumentStore store, BatchTransactions transactions, FreshEvents? fresh = null)
{
    private volatile bool _looksForKnown;

    /// <summary>A batch of the usage path; its <see cref="BatchTransaction.Session"/> is the work.</summary>
    public async Task<BatchTransaction> Begin(CancellationToken cancellation)
    {
        var work = await Open(cancellation);
        return transactions.Enlist(work.Connection, token => Save(work, token), work.DisposeAsync, work);
    }

    public async Task<LedgerWork> Open(CancellationToken cancellation)
    {
        var session = store.LightweightSession();
        try
        {
            await session.BeginTransactionAsync(cancellation);
            return new(session)
            {
                LooksForKnown = _looksForKnown,
                Committed = fresh is null ? null : fresh.Add,
            };
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    // An id that is there already is found by looking, once, instead of by halving the batch down to it.
    private async Task Save(LedgerWork work, CancellationToken cancellation)
    {
        try
        {
            await work.Save(cancellation);
            if (work.LooksForKnown) _looksForKnown = false;
        }
        catch (MartenCommandException known) when (work is { MetKnown: true, LooksForKnown: false })
        {
            _looksForKnown = true;
            throw new TryAgainException("Some of it is recorded already.", known);
        }
        catch (LostRaceException lost)
        {
            throw new TryAgainException("Somebody else was faster.", lost);
        }
    }
}

/// <summary>The ledger's part of a batch.</summary>
internal static class LedgerBatches
{
    public static LedgerWork Work(this BatchTransaction transaction) => transaction.Session as LedgerWork
        ?? throw new InvalidOperationException("Not a transaction of the ledger.");
}
