using Billing.ServiceDefaults.UsagePath;
using Npgsql;

namespace Billing.Ingestion.Usage;

/// <summary>Arrivals in one transaction of their own, tried again while the database is in trouble.</summary>
internal sealed partial class CommitArrivals(
    AcceptUsage accept, OpenBatch open, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan[] Pauses =
        [TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(1)];

    /// <returns>One verdict for each, when they are committed.</returns>
    public async Task<Verdict[]> Persist(Arrival[] arrivals)
    {
        var isFirstTry = true;
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await using var transaction = await open(CancellationToken.None);
                var verdicts = await accept.Apply(
                    arrivals, transaction, time.GetUtcNow(), CancellationToken.None, isFirstTry);
                await transaction.Commit(CancellationToken.None);
                return [.. verdicts];
            }
            catch (PostgresException known) when (isFirstTry && UsageKeys.IsKnown(known))
            {
                isFirstTry = false;
                accept.SomeCameBefore();
            }
            catch (NpgsqlException failed) when (failed.IsTransient && attempt < Pauses.Length)
            {
                // Where the answer to the commit was lost, the events are duplicates now, and as good.
                TryAgain(failed, attempt + 1);
                await Task.Delay(Pauses[attempt], time);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Usage could not be committed, attempt {Attempt}")]
    private partial void TryAgain(Exception failed, int attempt);
}
