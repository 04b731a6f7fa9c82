namespace Billing.ServiceDefaults.UsagePath.Reading;

/// <summary>
/// A batch and what becomes of it when it fails: pieces, in order, down to single messages.
/// </summary>
internal sealed class Pieces<T>
{
    private readonly Stack<IReadOnlyList<T>> _next = new();

    public Pieces(IReadOnlyList<T> all) => Again(all);

    public bool IsEmpty => _next.Count == 0;

    public IReadOnlyList<T>? Next() => _next.TryPop(out var piece) ? piece : null;

    public void Again(IReadOnlyList<T> piece)
    {
        if (piece.Count > 0) _next.Push(piece);
    }

    public void Halve(IReadOnlyList<T> piece)
    {
        var half = piece.Count / 2;
        Again([.. piece.Skip(half)]);
        Again([.. piece.Take(half)]);
    }
}

/// <summary>Longer from time to time: 50 ms at first, 2 s at most.</summary>
internal sealed class Pause(TimeProvider time)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(50), Longest = TimeSpan.FromSeconds(2);

    /// <summary>How often it was waited since the last success.</summary>
    public int Count { get; private set; }

    public void Reset() => Count = 0;

    /// <summary>Ends early and silently when the service stops.</summary>
    public async Task Wait(CancellationToken stopping)
    {
        var length = Count < 6 ? First * (1 << Count) : Longest;
        Count++;
        await Task.Delay(length < Longest ? length : Longest, time, stopping)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}

/// <summary>Soft: begin nothing new. Hard: give up what is at work.</summary>
internal readonly record struct StopTokens(CancellationToken Soft, CancellationToken Hard);
