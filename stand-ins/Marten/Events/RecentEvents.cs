using System.Collections.Concurrent;
using System.Text.Json;
using JasperFx.Events;

namespace Marten.Events;

/// <summary>
/// The events that this process has committed last, for its own daemon: what it has at hand is not read
/// again. Only what is committed comes in here, so a number that is here is a row that everybody sees. Only
/// records: they are values, so that it makes no difference whether a reader gets the one that was appended
/// or one like it.
/// </summary>
internal sealed class RecentEvents(StoreOptions options)
{
    // Some transactions of thousands of events; whoever is further behind reads the store.
    private const int Size = 1 << 15;

    private readonly ConcurrentDictionary<Type, bool> records = new();
    private readonly IEvent?[] slots = new IEvent?[Size];
    private long forgotten;
    private volatile bool wanted;

    /// <summary>While a daemon of this process runs.</summary>
    public bool Wanted
    {
        get => wanted;
        set
        {
            wanted = value;
            if (!value) Array.Clear(slots);
        }
    }

    public bool Has(long sequence) => At(sequence) is not null;

    /// <param name="streams">With their numbers, committed.</param>
    public void Add(IReadOnlyList<StreamAction> streams)
    {
        if (!wanted) return;

        foreach (var stream in streams)
        {
            foreach (var e in stream.Events)
            {
                if (!IsKept(e)) continue;

                (e.StreamKey, e.TenantId) = (stream.Key, "*DEFAULT*");
                Volatile.Write(ref slots[Slot(e.Sequence)], e);
            }
        }
    }

    /// <summary>All between two numbers as they would be read; null where one of them is not here.</summary>
    /// <param name="floor">Not among them.</param>
    public List<IEvent>? Between(long floor, long ceiling)
    {
        if (ceiling - floor > Size || !Has(floor + 1) || !Has(ceiling)) return null;

        var events = new List<IEvent>((int)(ceiling - floor));
        for (var sequence = floor + 1; sequence <= ceiling; sequence++)
        {
            if (At(sequence) is not { } e) return null;

            events.Add(Copy(e));
        }

        return events;
    }

    /// <summary>Everybody has had them.</summary>
    public void Forget(long upTo)
    {
        for (var sequence = Math.Max(forgotten + 1, upTo - Size + 1); sequence <= upTo; sequence++)
            if (At(sequence) is not null) Volatile.Write(ref slots[Slot(sequence)], null);
        forgotten = Math.Max(forgotten, upTo);
    }

    private static int Slot(long sequence) => (int)(sequence & (Size - 1));

    private IEvent? At(long sequence) =>
        Volatile.Read(ref slots[Slot(sequence)]) is { } e && e.Sequence == sequence ? e : null;

    // One without a time has the server's, which nobody here knows.
    private bool IsKept(IEvent e)
    {
        if (e.Sequence <= 0 || e.Timestamp == default) return false;
        if (!records.GetOrAdd(e.EventType, type => type.GetMethod("<Clone>$") is not null)) return false;

        var stored = options.EventOptions.Types.Reading(e.EventTypeName, e.DotNetTypeName, e.Sequence);
        return stored.Upcast is null && stored.Type == e.EventType;
    }

    /// <summary>Each reader has its own, to the microsecond, with headers as they are read.</summary>
    private IEvent Copy(IEvent e)
    {
        var copy = options.EventOptions.Types.Of(e.EventType).Wrap(e.Data);
        (copy.Sequence, copy.Id, copy.StreamKey, copy.Version) = (e.Sequence, e.Id, e.StreamKey, e.Version);
        (copy.EventTypeName, copy.DotNetTypeName) = (e.EventTypeName, e.DotNetTypeName);
        var ticks = e.Timestamp.UtcTicks;
        copy.Timestamp = new(ticks - (ticks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
        (copy.TenantId, copy.IsArchived) = (e.TenantId, false);
        var metadata = options.Events.MetadataConfig;
        if (metadata.CausationIdEnabled) copy.CausationId = e.CausationId;
        if (metadata.CorrelationIdEnabled) copy.CorrelationId = e.CorrelationId;
        if (metadata.UserNameEnabled) copy.UserName = e.UserName;
        if (metadata.HeadersEnabled && e.Headers is { Count: > 0 } headers)
            copy.Headers = headers.ToDictionary(
                header => header.Key,
                object (header) => JsonSerializer.SerializeToElement(header.Value, options.Json));

        return copy;
    }
}
