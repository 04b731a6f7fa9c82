using System.Text.Json;
using Billing.Contracts.Values;
using Billing.Ledger.Events;
using JasperFx.Events;

namespace Billing.Ledger.Projections;

/// <summary>
/// What this process has committed and not yet taken into its read models, so that it is not read again. Only
/// what is committed comes in here; whether a page is whole is told by the numbers, and what is missing here
/// is read from the store.
/// </summary>
public sealed class FreshEvents
{
    // Some batches; whoever is further behind reads the store.
    private const int Most = 1 << 15;

    private readonly Positioned?[] _slots = new Positioned?[Most];
    private volatile bool _isRead;

    /// <summary>Somebody in this process follows the events.</summary>
    public bool IsRead
    {
        get => _isRead;
        set => _isRead = value;
    }

    /// <param name="committed">With their sequence numbers.</param>
    public void Add(IEnumerable<IEvent> committed)
    {
        if (!_isRead) return;

        foreach (var stored in committed)
            if (stored.Sequence > 0 && AsRead((LedgerEvent)stored.Data) is { } happened)
                Volatile.Write(
                    ref _slots[Slot(stored.Sequence)], new(stored.Sequence, stored.Id, happened));
    }

    /// <summary>
    /// The next page, once; null where something of it is not here. All numbers up to the mark are rows that
    /// everybody sees, or never will be; so one without a hole has everything.
    /// </summary>
    public EventPage? Take(long after, long mark, int limit)
    {
        var ceiling = Math.Min(mark, after + limit);
        if (ceiling - after > Most || !Has(after + 1) || !Has(ceiling)) return null;

        var events = new List<Positioned>((int)(ceiling - after));
        for (var position = after + 1; position <= ceiling; position++)
        {
            var one = Interlocked.Exchange(ref _slots[Slot(position)], null);
            if (one?.Position != position) return null;

            events.Add(one);
        }

        return new(after, ceiling, events);
    }

    private bool Has(long position) => Volatile.Read(ref _slots[Slot(position)])?.Position == position;

    private static int Slot(long position) => (int)(position & (Most - 1));

    /// <summary>
    /// As the store would give it back: its moments are of UTC. Those of charges are so from the beginning.
    /// Null where it cannot be read: that stops its reader at it, and not its writer, who has committed.
    /// </summary>
    private static LedgerEvent? AsRead(LedgerEvent happened)
    {
        if (happened is ChargePosted charge && IsOfUtc(charge)) return charge;

        try
        {
            return StoredJson.Read(EventNames.Of(happened.GetType()), StoredJson.Write(happened));
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool IsOfUtc(ChargePosted charge) =>
        IsOfUtc(charge.Booking.Period) && (charge.Serves is not { } serves || IsOfUtc(serves))
        && charge.Origin.EffectiveAt.Offset == TimeSpan.Zero
        && charge.Origin.RecordedAt.Offset == TimeSpan.Zero;

    private static bool IsOfUtc(BillingPeriod period) =>
        period.Start.Offset == TimeSpan.Zero && period.EndExclusive.Offset == TimeSpan.Zero;
}
