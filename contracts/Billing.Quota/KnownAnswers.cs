using System.Collections.Concurrent;

namespace Billing.Quota;

/// <summary>The last answers, by tenant and meter; not more than are to be remembered.</summary>
internal sealed class KnownAnswers(int most)
{
    private readonly ConcurrentDictionary<(string Tenant, string Meter), KnownAnswer> _known = new();
    private readonly Lock _forgetting = new();
    private int _count;

    public KnownAnswer Of(QuotaQuestion question)
    {
        var key = (question.Tenant, question.Meter);
        if (_known.TryGetValue(key, out var known)) return known;

        var added = new KnownAnswer();
        if (!_known.TryAdd(key, added)) return Of(question);
        if (Interlocked.Increment(ref _count) > most) Forget(added);
        return added;
    }

    // Rare, and cheap enough to be done by whoever comes: a tenth at once.
    private void Forget(KnownAnswer asked)
    {
        lock (_forgetting)
        {
            if (Volatile.Read(ref _count) <= most) return;

            var oldest = _known.Where(pair => pair.Value != asked).OrderBy(pair => pair.Value.At)
                .Take((most / 10) + 1).ToList();
            foreach (var (key, _) in oldest)
                if (_known.TryRemove(key, out _)) Interlocked.Decrement(ref _count);
        }
    }
}
