namespace Billing.ServiceDefaults.UsagePath.Relaying;

/// <summary>
/// How much a relay may hold of what was handed over and not published. Safe for several threads.
/// </summary>
internal sealed class RelayMemory(int mostFacts, long mostBytes)
{
    /// <summary>Beside the body: objects, texts, ids.</summary>
    private const int AroundBody = 512;

    private long _bytes;
    private int _facts;

    public int Facts => Volatile.Read(ref _facts);

    /// <summary>All of them or none.</summary>
    public bool TryHold(IReadOnlyList<NumberedFact> facts)
    {
        var bytes = 0L;
        for (var place = 0; place < facts.Count; place++) bytes += Size(facts[place]);

        var hasRoom = Interlocked.Add(ref _facts, facts.Count) <= mostFacts
            & Interlocked.Add(ref _bytes, bytes) <= mostBytes;
        if (hasRoom) return true;

        Interlocked.Add(ref _facts, -facts.Count);
        Interlocked.Add(ref _bytes, -bytes);
        return false;
    }

    /// <summary>A page of the store, which has to go on however little room is left.</summary>
    public void Hold(NumberedFact fact)
    {
        Interlocked.Increment(ref _facts);
        Interlocked.Add(ref _bytes, Size(fact));
    }

    public void Release(NumberedFact fact)
    {
        Interlocked.Decrement(ref _facts);
        Interlocked.Add(ref _bytes, -Size(fact));
    }

    public static int Size(NumberedFact fact) => fact.Fact.Body.Length + AroundBody;
}
