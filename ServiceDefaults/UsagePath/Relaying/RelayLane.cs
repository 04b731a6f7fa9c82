using System.Diagnostics.CodeAnalysis;

namespace Billing.ServiceDefaults.UsagePath.Relaying;

/// <summary>
/// What is known of one lane that this process publishes. Decides what goes out next; knows no broker, no
/// database and no clock. Not safe for two threads at once.
/// </summary>
internal sealed class RelayLane(int number, long mark, RelayMemory memory)
{
    // In order, beginning with Next.
    private readonly Queue<NumberedFact> _ready = [];

    // Beyond a gap: a later commit was handed over earlier, or facts between were forgotten.
    private readonly PriorityQueue<NumberedFact, long> _early = new();

    public int Number => number;

    /// <summary>Everything up to here the broker has acknowledged.</summary>
    public long Acknowledged { get; private set; } = mark;

    /// <summary>What is stored of <see cref="Acknowledged"/>.</summary>
    public long Marked { get; set; } = mark;

    /// <summary>The number that is published next.</summary>
    public long Next { get; private set; } = mark + 1;

    /// <summary>The last number that the store had when it was asked.</summary>
    public long Last { get; private set; } = mark;

    /// <summary>
    /// Grows with each failure: what was under way then is published again, and fails only once.
    /// </summary>
    public int Round { get; private set; }

    /// <summary>The next fact is refused for good; nothing of the lane goes out.</summary>
    public bool IsStuck { get; private set; }

    /// <summary>All that is known to be there is published, acknowledged and marked.</summary>
    public bool IsQuiet => Next > Last && Acknowledged == Next - 1 && Marked == Acknowledged
        && _ready.Count == 0 && _early.Count == 0;

    private long Expected => Next + _ready.Count;

    /// <summary>The store says where the lane ends. It never goes back.</summary>
    public void Ends(long last) => Last = Math.Max(Last, last);

    /// <summary>From a commit or from the store, in any order, any number of times.</summary>
    public void Take(NumberedFact fact)
    {
        if (fact.Number < Expected) memory.Release(fact);
        else if (fact.Number > Expected) _early.Enqueue(fact, fact.Number);
        else
        {
            _ready.Enqueue(fact);
            Promote();
        }
    }

    /// <summary>The fact with the number <see cref="Next"/>, where memory has it.</summary>
    public bool TryPeek([NotNullWhen(true)] out NumberedFact? fact)
    {
        fact = null;
        return !IsStuck && _ready.TryPeek(out fact);
    }

    /// <summary>The fact that <see cref="TryPeek"/> gave is on its way.</summary>
    public void Sent()
    {
        memory.Release(_ready.Dequeue());
        Next++;
    }

    /// <summary>The numbers, first and last, that only the store can give.</summary>
    public (long From, long Through)? Missing()
    {
        if (_ready.Count > 0 || Next > Last || IsStuck) return null;

        return (Next, _early.TryPeek(out _, out var early) ? Math.Min(Last, early - 1) : Last);
    }

    public void Acknowledge(long acknowledged)
    {
        // Of a fact that was published twice, or after one that failed.
        if (acknowledged != Acknowledged + 1) return;

        Acknowledged = acknowledged;
        if (Next <= acknowledged) Skip();
    }

    /// <summary>From the first number that is not acknowledged, all again.</summary>
    public void Fail(int round)
    {
        if (round != Round) return;

        Round++;
        Forget();
        Next = Acknowledged + 1;
    }

    public void Stick()
    {
        IsStuck = true;
        Forget();
    }

    /// <summary>The store has it all.</summary>
    public void Forget()
    {
        while (_ready.TryDequeue(out var fact)) memory.Release(fact);
        while (_early.TryDequeue(out var fact, out _)) memory.Release(fact);
    }

    /// <summary>An earlier attempt arrived after all, so that the same need not go again.</summary>
    private void Skip()
    {
        if (_ready.TryDequeue(out var fact)) memory.Release(fact);
        Next++;
        Promote();
    }

    private void Promote()
    {
        while (_early.TryPeek(out var early, out _) && early.Number <= Expected)
        {
            _early.Dequeue();
            if (early.Number == Expected) _ready.Enqueue(early);
            else memory.Release(early);
        }
    }
}
