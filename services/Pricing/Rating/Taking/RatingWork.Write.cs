using Billing.Contracts;
using Billing.Contracts.Values;
using Billing.ServiceDefaults.UsagePath;
using Npgsql;

namespace Billing.Pricing.Rating.Taking;

/// <summary>What was decided, on its way into the transaction.</summary>
internal sealed partial class RatingWork
{
    private const string UsesKey = "uses_pkey", Savepoint = "uses_are_new";

    private readonly List<OutgoingFact> told = [];

    /// <summary>Goes with what is written next, each lane's in the order of these calls.</summary>
    public void Send(int lane, TenantId tenant, FactId id, object rating, string? trace) =>
        told.Add(new(
            Topics.Ratings, lane, id, WireNames.Of(rating.GetType()), tenant.ToString(),
            ContractsJson.Write(rating), trace));

    /// <exception cref="TryAgainException">What was kept in memory is not what is stored.</exception>
    public Task Write(CancellationToken cancellation) => Write([], cancellation);

    /// <summary>
    /// The same, after uses were taken to be new without a look. False where one is there already: nothing is
    /// written then, nothing is told, and all has to be decided again.
    /// </summary>
    public async Task<bool> TryWrite(CancellationToken cancellation)
    {
        try
        {
            await Write([new($"savepoint {Savepoint}")], cancellation);
            return true;
        }
        catch (PostgresException there) when (
            there is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: UsesKey })
        {
            await using var back = new NpgsqlCommand($"rollback to savepoint {Savepoint}", Connection);
            await back.ExecuteNonQueryAsync(cancellation);
            return false;
        }
    }

    private async Task Write(IReadOnlyList<NpgsqlBatchCommand> first, CancellationToken cancellation)
    {
        var changed = changedTallies.Select(id => tallies[id]).ToList();
        tallies.Clear();
        changedTallies.Clear();
        await using var batch = new NpgsqlBatch(Connection);
        if (changed.Count > 0) batch.BatchCommands.Add(TallyRows.Put(changed));
        Uses.AddTo(batch, catalog.Number, now);
        Merges.AddTo(batch);
        if (batch.BatchCommands.Count > 0)
        {
            foreach (var command in first) batch.BatchCommands.Insert(0, command);
            await Write(batch, changed, cancellation);
        }

        foreach (var fact in told) transaction.Send(fact);
        told.Clear();
    }

    private async Task Write(NpgsqlBatch batch, List<KnownTally> changed, CancellationToken cancellation)
    {
        try
        {
            await using var rows = await batch.ExecuteReaderAsync(cancellation);
            var stamp = changed.Count > 0 && await rows.ReadAsync(cancellation) ? rows.GetInt64(0) : 0;

            // Whatever fails behind is thrown by reading to the end.
            while (await rows.NextResultAsync(cancellation)) { }
            foreach (var tally in changed) cache.Keep(tally with { Stamp = stamp });
        }
        catch (PostgresException stale) when (stale.SqlState == TallyRows.IsAnother)
        {
            cache.Forget();
            throw new TryAgainException("Tallies in memory were not those that are stored.", stale);
        }
    }
}
