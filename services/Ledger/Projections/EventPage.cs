using Billing.Ledger.Accounts;
using Billing.Ledger.Events;

namespace Billing.Ledger.Projections;

/// <summary>Events above a position, up to and with another, in order.</summary>
/// <param name="floor">Everything up to here came before.</param>
/// <param name="ceiling">Everything up to here is in this page or came before.</param>
public sealed class EventPage(long floor, long ceiling, IReadOnlyList<Positioned> events)
{
    private List<JournalRow>? _journal;

    public long Floor => floor;

    public long Ceiling => ceiling;

    public IReadOnlyList<Positioned> Events => events;

    /// <summary>All postings of the page, worked out once for all who need them.</summary>
    public IReadOnlyList<JournalRow> Journal => _journal ??= JournalOf(events);

    /// <summary>The part above a position; this page itself, where that is all of it.</summary>
    public EventPage After(long position) => position <= floor
        ? this
        : new(position, ceiling, [.. events.Where(happened => happened.Position > position)]);

    /// <summary>The part below an event.</summary>
    public EventPage Before(Positioned stop) => new(
        floor, stop.Position - 1, [.. events.TakeWhile(happened => happened.Position < stop.Position)]);

    private static List<JournalRow> JournalOf(IReadOnlyList<Positioned> events)
    {
        var (rows, postings) = (new List<JournalRow>(events.Count * 2), new List<Posting>());
        foreach (var happened in events) Accounts.Journal.AddTo(rows, happened, postings);
        return rows;
    }
}
