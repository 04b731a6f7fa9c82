using Billing.Ledger.Events;
using Billing.Ledger.Periods;
using Marten.Exceptions;
using Npgsql;

namespace Billing.Ledger.Storage;

/// <summary>
/// Carries out what people ask, each in a transaction of its own, again with what is so by then where
/// somebody else was faster. Few at once, so that the usage path keeps its connections.
/// </summary>
public sealed class LedgerCommands(LedgerTransactions transactions) : IDisposable
{
    private const int MostAttempts = 20, MostAtOnce = 4;

    private readonly SemaphoreSlim _turns = new(MostAtOnce, MostAtOnce);

    /// <param name="decide">Reads, decides, and gives what is to be recorded and what is to be
    /// answered.</param>
    /// <exception cref="LostRaceException">Others were faster each time.</exception>
    public async Task<T> Run<T>(
        Func<LedgerWork, Task<(IReadOnlyList<Append> Appends, T Answer)>> decide,
        CancellationToken cancellation)
    {
        await _turns.WaitAsync(cancellation);
        try
        {
            for (var attempt = 1; ; attempt++)
                try
                {
                    return await Once(decide, cancellation);
                }
                catch (Exception lost) when (attempt < MostAttempts && IsRace(lost))
                {
                    // Nothing of it is there; the next attempt reads what won.
                }
        }
        finally
        {
            _turns.Release();
        }
    }

    public void Dispose() => _turns.Dispose();

    private async Task<T> Once<T>(
        Func<LedgerWork, Task<(IReadOnlyList<Append> Appends, T Answer)>> decide,
        CancellationToken cancellation)
    {
        await using var work = await transactions.Open(cancellation);
        var (appends, answer) = await decide(work);
        if (appends.Count == 0) return answer;

        if (Slip.Of(appends) is { Count: > 0 } slips)
        {
            await using var batch = new NpgsqlBatch(work.Connection)
            {
                BatchCommands = { PeriodGuards.Add(slips) },
            };
            await batch.ExecuteNonQueryAsync(cancellation);
        }

        work.Append(appends);
        await work.Save(cancellation);
        return answer;
    }

    private static bool IsRace(Exception lost) => lost switch
    {
        LostRaceException => true,
        PostgresException refused => IsRace(refused),
        MartenCommandException { InnerException: PostgresException refused } => IsRace(refused),
        _ => false,
    };

    // An id that is there already was recorded by somebody who was faster: the next attempt sees it.
    private static bool IsRace(PostgresException refused) => refused.SqlState is
        PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected
        or PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.UniqueViolation;
}
