using System.Collections.Concurrent;
using System.Diagnostics;

namespace Wolverine.Runtime;

/// <summary>
/// Which stored messages this node has in memory, so that none is handled twice at once and none is
/// forgotten.
/// </summary>
internal sealed class OwnedMessages
{
    private readonly ConcurrentDictionary<Guid, Owned> messages = new();

    public int Count => messages.Count;

    /// <summary>Written in a transaction that is not known to be committed.</summary>
    public void Await(Envelope envelope) => messages[envelope.Id] = new(envelope, IsQueued: false);

    /// <summary>True when it was not in a queue, and now must be put into one.</summary>
    public bool TryQueue(Envelope envelope)
    {
        var queued = new Owned(envelope, IsQueued: true);
        while (true)
        {
            if (!messages.TryGetValue(envelope.Id, out var known))
            {
                if (messages.TryAdd(envelope.Id, queued)) return true;
            }
            else if (known.IsQueued)
            {
                return false;
            }
            else if (messages.TryUpdate(envelope.Id, queued, known))
            {
                return true;
            }
        }
    }

    public bool Has(Guid id) => messages.ContainsKey(id);

    public void Forget(Guid id) => messages.TryRemove(id, out _);

    public void ForgetAll() => messages.Clear();

    /// <summary>Awaited for longer than a transaction should take.</summary>
    public IReadOnlyList<Envelope> AwaitedFor(TimeSpan longer) =>
    [
        .. messages.Values.Where(known => !known.IsQueued && Stopwatch.GetElapsedTime(known.Since) >= longer)
            .Select(known => known.Envelope),
    ];

    private sealed record Owned(Envelope Envelope, bool IsQueued)
    {
        public long Since { get; } = Stopwatch.GetTimestamp();
    }
}
