using Billing.Ledger.Projections;
using Npgsql;

namespace Billing.Ledger.Rebuild;

/// <summary>
/// The first and by far the longest way of a rebuild, into tables that nobody else has: rows by COPY, sums in
/// memory until the end, or until there are too many.
/// </summary>
internal abstract class LoadShadows(IReadOnlyList<IReadModel> models) : IFill
{
    /// <summary>So many sums are some hundred megabytes at most.</summary>
    protected const int MostSums = 200_000;

    public IReadOnlyList<IReadModel> Models => models;

    public async Task Take(EventPage page, NpgsqlConnection connection, CancellationToken cancellation)
    {
        foreach (var model in models)
            if (TakePage.Unknown(model, page) is { } stranger)
                throw new RebuildFailedException(
                    $"{model.Name} cannot take in event {stranger.Position}: {TakePage.Because(stranger)}");

        await using var batch = new NpgsqlBatch(connection);
        await Add(batch, page, cancellation);
        ModelRow.Write(
            batch, [.. models.Select(model => new ModelRow(model.Name, page.Ceiling, null, null))]);
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>What is still in memory.</summary>
    public async Task Finish(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        WriteSums(batch);
        if (batch.BatchCommands.Count > 0) await batch.ExecuteNonQueryAsync(cancellation);
    }

    protected abstract Task Add(NpgsqlBatch batch, EventPage page, CancellationToken cancellation);

    /// <summary>And forgets them.</summary>
    protected abstract void WriteSums(NpgsqlBatch batch);
}
