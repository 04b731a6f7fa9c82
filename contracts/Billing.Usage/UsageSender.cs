using System.Threading.Channels;
using Billing.Usage.Delivery;

namespace Billing.Usage;

/// <summary>
/// Takes usage without making the caller wait, and sends it in batches until each event has a verdict. One
/// for a process and source; safe to use from many threads. What is in memory is lost with the process.
/// </summary>
public sealed class UsageSender : IAsyncDisposable
{
    private readonly UsageOptions _options;
    private readonly Room _room;
    private readonly Metrics _metrics;
    private readonly Calls _calls;
    private readonly Batches _batches;
    private readonly Channel<Queued> _queue =
        Channel.CreateUnbounded<Queued>(new() { SingleReader = true }); // bounded by the room
    private readonly CancellationTokenSource _giveUp = new();
    private readonly Task _sending;
    private long _lastSequence;
    private int _isDisposed;

    /// <exception cref="ArgumentException">A setting is outside what its description allows.</exception>
    public UsageSender(UsageOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        _options = options;
        _lastSequence = (options.FirstSequence ?? 1) - 1;
        _room = new(options.MostEvents, options.MostBytes);
        _metrics = new(options.Source, () => _room.Events);
        _calls = new(options, _metrics);
        _batches = new(options, _queue.Reader, _calls, Settle);
        _sending = _batches.Run(_giveUp.Token);
    }

    /// <summary>Events in memory: waiting, or on their way without a verdict.</summary>
    public int Waiting => _room.Events;

    /// <summary>The last number given, where events are numbered; else what makes no sense.</summary>
    public long LastSequence => Interlocked.Read(ref _lastSequence);

    /// <summary>Takes the event, if there is room. Returns at once.</summary>
    /// <exception cref="ArgumentException">The event is not well formed, or too large.</exception>
    /// <exception cref="UsageBufferFullException">No room, and <see cref="WhenFull.Throw"/>.</exception>
    /// <exception cref="ObjectDisposedException">The sender has said goodbye.</exception>
    public Emission Emit(UsageEvent usage)
    {
        var draft = Write(usage);
        var isTaken = _room.TryTake(draft.LargestBytes);
        if (!isTaken && _options.WhenFull == WhenFull.Throw) throw new UsageBufferFullException(_room.Events);

        var item = draft.Numbered(NextSequence());
        if (isTaken) return Enqueue(item);

        Tell(item, ItemVerdict.Dropped);
        return new(item.Id, IsTaken: false);
    }

    /// <summary>Takes the event as soon as there is room: for a caller that would rather wait.</summary>
    /// <exception cref="ArgumentException">As <see cref="Emit"/>.</exception>
    /// <exception cref="ObjectDisposedException">The sender has said goodbye.</exception>
    /// <exception cref="OperationCanceledException">The event was not taken.</exception>
    public async ValueTask<Emission> EmitWhenRoom(UsageEvent usage, CancellationToken cancellation = default)
    {
        var draft = Write(usage);
        await _room.Take(draft.LargestBytes, cancellation);

        return Enqueue(draft.Numbered(NextSequence()));
    }

    /// <summary>Done when every event emitted before has its verdict.</summary>
    public Task Flush(CancellationToken cancellation = default)
    {
        var mark = new Mark();

        return _queue.Writer.TryWrite(mark) ? mark.Reached.WaitAsync(cancellation) : _sending;
    }

    /// <summary>
    /// Takes no more and sends what is left for at most <see cref="UsageOptions.LongestGoodbye"/>. Never
    /// throws for what could not be sent: that is a verdict, <see cref="Verdict.Abandoned"/>.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 1)
        {
            await _sending;
            return;
        }

        _queue.Writer.Complete();
        _room.Close();
        using (_options.Time.CreateTimer(_ => _giveUp.Cancel(), null, _options.LongestGoodbye,
            Timeout.InfiniteTimeSpan)) await _sending;
        _batches.Dispose();
        _calls.Dispose();
        _metrics.Dispose();
        _giveUp.Dispose();
    }

    private Draft Write(UsageEvent usage)
    {
        ArgumentNullException.ThrowIfNull(usage);
        ObjectDisposedException.ThrowIf(_isDisposed == 1, this);
        usage.Check();

        return Draft.Of(usage, _options);
    }

    private long? NextSequence() =>
        _options.FirstSequence is null ? null : Interlocked.Increment(ref _lastSequence);

    private Emission Enqueue(Item item)
    {
        _metrics.Emitted();
        if (_queue.Writer.TryWrite(item)) return new(item.Id, IsTaken: true);

        // Disposed in this very moment.
        Settle(item, ItemVerdict.Abandoned);
        return new(item.Id, IsTaken: false);
    }

    private void Settle(Item item, ItemVerdict verdict)
    {
        _room.GiveBack(item.LargestBytes);
        Tell(item, verdict);
    }

    private void Tell(Item item, ItemVerdict told)
    {
        _metrics.Settled(told.Verdict);
        try
        {
            _options.OnVerdict?.Invoke(new(
                _options.Source, item.Id, item.Sequence, told.Verdict, told.Code, told.Detail));
        }
        catch (Exception thrown)
        {
            // Whatever is wrong there must not stop the sending of usage.
            _calls.Trouble(new("OnVerdict failed.", null, 1, 1, thrown));
        }
    }
}
