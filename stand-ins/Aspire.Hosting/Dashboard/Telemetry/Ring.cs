namespace Aspire.Hosting.Dashboard;

/// <summary>A queue that forgets its oldest items above a count or a size. Not thread-safe.</summary>
internal sealed class Ring<T>(int maxCount, long maxBytes, Func<T, long> bytes)
{
    private readonly Queue<T> _items = new();

    public int Count => _items.Count;

    public long Bytes { get; private set; }

    public long Forgotten { get; private set; }

    public IEnumerable<T> OldestFirst => _items;

    public void Add(T item, Action<T>? forget = null)
    {
        _items.Enqueue(item);
        Grow(bytes(item), forget);
    }

    /// <summary>An item that is already here has grown.</summary>
    public void Grow(long more, Action<T>? forget = null)
    {
        Bytes += more;
        while (_items.Count > maxCount || (Bytes > maxBytes && _items.Count > 1))
        {
            var oldest = _items.Dequeue();
            Bytes -= bytes(oldest);
            Forgotten++;
            forget?.Invoke(oldest);
        }
    }
}
