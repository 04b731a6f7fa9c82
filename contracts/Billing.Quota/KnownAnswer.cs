namespace Billing.Quota;

/// <summary>The last answer about one tenant and meter, and what was let through since.</summary>
internal sealed class KnownAnswer
{
    private static readonly TimeSpan OneStep = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly Queue<(DateTimeOffset At, decimal Units)> _settled = [];
    private (DateTimeOffset At, decimal Units) _newest; // the units of one step count as one
    private decimal _letThrough; // all of the above
    private ServiceAnswer? _answer;
    private decimal _asked;
    private DateTimeOffset _at = DateTimeOffset.MinValue, _askAgainFrom = DateTimeOffset.MinValue;

    /// <summary>Of one caller at a time.</summary>
    public SemaphoreSlim Asking { get; } = new(1, 1);

    public DateTimeOffset At
    {
        get
        {
            lock (_lock) return _at;
        }
    }

    public bool MayAsk(DateTimeOffset now)
    {
        lock (_lock) return now >= _askAgainFrom;
    }

    /// <summary>Nobody answered, so that for a moment nobody is asked.</summary>
    public void AskLater(DateTimeOffset from)
    {
        lock (_lock) _askAgainFrom = from;
    }

    /// <param name="askedAt">Before the answer was made; what was let through behind it is not in it.</param>
    /// <param name="settling">What was let through so long before may not be in it either.</param>
    public void Put(ServiceAnswer answer, decimal units, DateTimeOffset askedAt, TimeSpan settling)
    {
        lock (_lock)
        {
            (_answer, _asked, _at) = (answer, units, askedAt);
            ForgetBefore(askedAt - settling);
        }
    }

    /// <summary>Whether the answer is young enough and says something about so many units.</summary>
    public bool Tells(decimal units, DateTimeOffset now, TimeSpan oldest)
    {
        lock (_lock) return IsWithin(now, oldest) && Tells(_answer!, units);
    }

    /// <summary>Null where there is no answer that is young enough. What goes through is counted.</summary>
    /// <param name="isStrict">As long as it tells nothing about so many units, there is none either.</param>
    public QuotaDecision? Answer(decimal units, DateTimeOffset now, TimeSpan oldest, bool isStrict)
    {
        lock (_lock)
        {
            if (!IsWithin(now, oldest) || (isStrict && !Tells(_answer!, units))) return null;

            var (verdict, reason) = Judge(_answer!, units);
            var decision = new QuotaDecision(
                verdict, reason, _answer!.Limit, Left(_answer.Remaining), _answer.ResetAt, _answer.AsOf,
                now - _at);
            if (decision.IsAllowed) Count(units, now);
            return decision;
        }
    }

    /// <summary>Let through without an answer: it counts against the next one.</summary>
    public void LetThrough(decimal units, DateTimeOffset now, TimeSpan settling)
    {
        lock (_lock)
        {
            Count(units, now);
            ForgetBefore(now - settling);
        }
    }

    private bool IsWithin(DateTimeOffset now, TimeSpan oldest) =>
        _answer is { } answer && now - _at <= oldest && now < answer.ResetAt;

    // What is allowed so many is allowed fewer, and what is refused so many is refused more.
    private bool Tells(ServiceAnswer answer, decimal units) =>
        answer.Verdict == QuotaVerdict.Block ? units >= _asked : units <= _asked;

    private (QuotaVerdict, string) Judge(ServiceAnswer answer, decimal units)
    {
        if (units > Left(answer.HardRemaining)) return (QuotaVerdict.Block, QuotaReasons.HardCap);

        // It refused more than these.
        return answer is { Verdict: QuotaVerdict.Block, Reason: QuotaReasons.HardCap } && units < _asked
            ? (QuotaVerdict.Warn, answer.Reason)
            : (answer.Verdict, answer.Reason);
    }

    private decimal? Left(decimal? remaining) =>
        remaining is { } units ? Math.Max(0, units - _letThrough) : null;

    private void Count(decimal units, DateTimeOffset now)
    {
        _letThrough += units;
        if (now - _newest.At < OneStep)
        {
            _newest.Units += units;
            return;
        }

        if (_newest.Units != 0) _settled.Enqueue(_newest);
        _newest = (now, units);
    }

    private void ForgetBefore(DateTimeOffset moment)
    {
        // A step begins at its first use, so the ones that begin less than a step earlier may still count.
        while (_settled.TryPeek(out var oldest) && oldest.At + OneStep <= moment)
            _letThrough -= _settled.Dequeue().Units;
        if (_newest.At + OneStep > moment) return;

        _letThrough -= _newest.Units;
        _newest = default;
    }
}
