using Billing.Ledger.Projections;
using Npgsql;

namespace Billing.Ledger.Rebuild;

/// <summary>A way to take events into shadows.</summary>
internal interface IFill
{
    IReadOnlyList<IReadModel> Models { get; }

    /// <param name="connection">In a transaction, which the caller commits.</param>
    /// <exception cref="RebuildFailedException">A rebuild with an event missing is none.</exception>
    Task Take(EventPage page, NpgsqlConnection connection, CancellationToken cancellation);
}

/// <summary>As the live ones are written, page by page.</summary>
internal sealed class FillAsLive(IReadOnlyList<IReadModel> models) : IFill
{
    public IReadOnlyList<IReadModel> Models => models;

    public async Task Take(EventPage page, NpgsqlConnection connection, CancellationToken cancellation)
    {
        var rows = await TakePage.Into(models, page, connection, cancellation);
        if (rows.FirstOrDefault(row => row.IsStopped) is { } stopped)
            throw new RebuildFailedException(
                $"{stopped.Name} cannot take in event {stopped.StoppedBefore}: {stopped.StoppedBecause}");
    }
}

/// <summary>The rebuild cannot come to its end; the sentence is for people. Nothing has changed.</summary>
internal sealed class RebuildFailedException(string sentence) : Exception(sentence);
