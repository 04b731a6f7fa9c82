using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Billing.ServiceDefaults.UsagePath.Relaying;

/// <summary>Takes what was committed, on the thread that committed it; the pump does the rest.</summary>
internal sealed class Relay(RelayMemory memory, Signal news) : IRelay
{
    private readonly ConcurrentQueue<IReadOnlyList<NumberedFact>> _handedOver = [];

    public void HandOver(IReadOnlyList<NumberedFact> facts)
    {
        if (memory.TryHold(facts))
        {
            _handedOver.Enqueue(facts);
            news.Set();
        }
        else RelayMetrics.Forgotten(facts);
    }

    public bool TryTake([NotNullWhen(true)] out IReadOnlyList<NumberedFact>? facts) =>
        _handedOver.TryDequeue(out facts);
}
