using Microsoft.Extensions.Logging;

namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>How the messages of a kind of topic become effects.</summary>
internal interface IBatchWork<T>
{
    string Topic { get; }

    /// <summary>Without those that are somebody else's by now, or committed already.</summary>
    List<T> StillOurs(IReadOnlyList<T> messages);

    /// <summary>One transaction. False where it has to be done again.</summary>
    /// <param name="isLast">Nothing is left of the batch behind it.</param>
    Task<bool> Try(List<T> messages, bool isLast, CancellationToken cancellation);

    /// <summary>Asks the database whose they are and how far each was taken: a commit whose answer was lost
    /// may have succeeded.</summary>
    Task Correct(List<T> messages, CancellationToken cancellation);

    /// <summary>To be parked with the next try.</summary>
    void Park(T message, string reason);
}

/// <summary>
/// A batch until nothing is left of it. What may pass is tried again; what a message causes is halved until
/// that is found, and parked; what belongs to somebody else by now is dropped.
/// </summary>
internal sealed partial class TakeInPieces<T>(IBatchWork<T> work, TimeProvider time, ILogger logger)
{
    private const int TriesOfWhole = 5, TriesOfNotOurs = 4;

    /// <summary>Returns when all is committed, or not ours any more, or the service stops.</summary>
    public async Task Take(IReadOnlyList<T> messages, StopTokens stop)
    {
        var pieces = new Pieces<T>(messages);
        var pause = new Pause(time);
        while (pieces.Next() is { } next)
        {
            var piece = work.StillOurs(next);
            if (piece.Count == 0) continue;

            try
            {
                if (!await work.Try(piece, pieces.IsEmpty, stop.Hard)) pieces.Again(piece);
                pause.Reset();
            }
            catch (Exception trouble) when (!stop.Hard.IsCancellationRequested)
            {
                if (stop.Soft.IsCancellationRequested) return;

                await Learn(piece, pieces, trouble, pause, stop);
            }
        }
    }

    private async Task Learn(
        List<T> piece, Pieces<T> pieces, Exception trouble, Pause pause, StopTokens stop)
    {
        var kind = Troubles.Of(trouble);
        if (kind == Trouble.NotOurs && pause.Count >= TriesOfNotOurs)
            throw new InvalidOperationException($"Lanes of {work.Topic} are ours and are not.", trouble);

        if (kind != Trouble.OfMessage)
        {
            TriesAgain(trouble, work.Topic, piece.Count, kind);
            await pause.Wait(stop.Soft);
            if (stop.Soft.IsCancellationRequested) return;

            await Correct(piece, stop.Hard);
            // A smaller transaction helps against locks and time limits, not against a store that is away.
            if (pause.Count >= TriesOfWhole && Troubles.MayBeSize(trouble)) pieces.Halve(piece);
            else pieces.Again(piece);
        }
        else if (piece.Count > 1)
        {
            Halves(trouble, work.Topic, piece.Count);
            pieces.Halve(piece);
        }
        else
        {
            Parks(trouble, work.Topic);
            work.Park(piece[0], Troubles.Describe(trouble));
            pieces.Again(piece);
        }
    }

    private async Task Correct(List<T> piece, CancellationToken cancellation)
    {
        try
        {
            await work.Correct(piece, cancellation);
        }
        catch (Npgsql.NpgsqlException away)
        {
            // The next try meets the same trouble, and then this is asked again.
            TriesAgain(away, work.Topic, piece.Count, Trouble.Passing);
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "A batch of {Count} of {Topic} is tried again: {Kind}")]
    private partial void TriesAgain(Exception trouble, string topic, int count, Trouble kind);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A batch of {Count} of {Topic} fails and is halved")]
    private partial void Halves(Exception trouble, string topic, int count);

    [LoggerMessage(Level = LogLevel.Error, Message = "A message of {Topic} cannot be applied and is parked")]
    private partial void Parks(Exception trouble, string topic);
}
