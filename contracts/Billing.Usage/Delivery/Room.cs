namespace Billing.Usage.Delivery;

/// <summary>How much may be in memory. Whoever waits is served first come, first served.</summary>
internal sealed class Room(int mostEvents, long mostBytes)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Waiter> _waiters = [];
    private int _events;
    private long _bytes;
    private bool _isClosed;

    public int Events => Volatile.Read(ref _events);

    public bool TryTake(int bytes)
    {
        lock (_lock) return _waiters.Count == 0 && Fits(bytes);
    }

    /// <exception cref="ObjectDisposedException">Closed before there was room.</exception>
    public async ValueTask Take(int bytes, CancellationToken cancellation)
    {
        LinkedListNode<Waiter> waiter;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(UsageSender));
            if (_waiters.Count == 0 && Fits(bytes)) return;

            waiter = _waiters.AddLast(new Waiter(bytes));
        }

        await using (cancellation.UnsafeRegister(_ => Forget(waiter, cancellation), null))
            await waiter.Value.Served.Task;
    }

    public void GiveBack(int bytes)
    {
        lock (_lock)
        {
            _events--;
            _bytes -= bytes;
            while (_waiters.First is { } next && Fits(next.Value.Bytes))
            {
                _waiters.RemoveFirst();
                next.Value.Served.TrySetResult();
            }
        }
    }

    /// <summary>Nobody is served any more.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            foreach (var waiter in _waiters)
                waiter.Served.TrySetException(new ObjectDisposedException(nameof(UsageSender)));
            _waiters.Clear();
        }
    }

    private bool Fits(int bytes)
    {
        if (_events == mostEvents || _bytes + bytes > mostBytes) return false;

        _events++;
        _bytes += bytes;
        return true;
    }

    private void Forget(LinkedListNode<Waiter> waiter, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (waiter.List is null) return; // served, or closed

            _waiters.Remove(waiter);
            waiter.Value.Served.TrySetCanceled(cancellation);
        }
    }

    private sealed record Waiter(int Bytes)
    {
        public TaskCompletionSource Served { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
