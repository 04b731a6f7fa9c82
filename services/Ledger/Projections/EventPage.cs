using Billing.Ledger.Accounts;
using Billing.Ledger.Events;

namespace Billing.Ledger.Projections;

/// <summary>Events above a position, up to and with another, in order.</summary>
/// <param name="floor">Everything up to here came before.</param>
/// <param name="ceiling">Everything up to here is in this page or came before.</param>
public sealed class EventPage(long floor, long ceiling, IReadOnlyList<Positioned> events)
{
    private List<JournalRow>? _entries;
    private PostingSums? _sums;

    public long Floor => floor;

    public long Ceiling => ceiling;

    public IReadOnlyList<Positioned> Events => events;

    /// <summary>
    /// Postings of events that are not about a charge. Those of charges are in the rows of charges already.
    /// </summary>
    public IReadOnlyList<JournalRow> Entries => _entries ??= EntriesOf(events);

    /// <summary>What the postings of all its events come to, worked out once for all who need it.</summary>
    internal PostingSums Sums => _sums ??= PostingSums.Of(events);

    /// <summary>The part above a position; this page itself, where that is all of it.</summary>
    public EventPage After(long position) => position <= floor
        ? this
        : new(position, ceiling, [.. events.Where(happened => happened.Position > position)]);

    /// <summary>The part below an event.</summary>
    public EventPage Before(Positioned stop) => new(
        floor, stop.Position - 1, [.. events.TakeWhile(happened => happened.Position < stop.Position)]);

    private static List<JournalRow> EntriesOf(IReadOnlyList<Positioned> events)
    {
        var (rows, postings) = (new List<JournalRow>(), new List<Posting>());
        foreach (var happened in events)
            if (happened.Event is not (ChargePosted or ChargeMoved))
                Journal.AddTo(rows, happened, postings);
        return rows;
    }
}
