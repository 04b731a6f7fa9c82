using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.Ledger.Invoices;
using Billing.Ledger.Periods;
using Billing.Ledger.Storage;
using Npgsql;

namespace Billing.Ledger.Corrections;

/// <summary>Charges with all that decides a correction, under the locks of their periods.</summary>
internal sealed class ReadCorrectable(LedgerWork work, TenantId tenant)
{
    private readonly Dictionary<ChargeId, Correctable> _found = [];
    private readonly Dictionary<PeriodKey, PeriodGuard> _guards = [];
    private Dictionary<SubscriptionId, Subscription> _subscriptions = [];
    private HashSet<Guid> _recorded = [];

    /// <summary>Null where the tenant has no such charge.</summary>
    public Correctable? Find(ChargeId id) => _found.GetValueOrDefault(id);

    /// <summary>An event of that id is recorded, of whatever charge.</summary>
    public bool IsRecorded(CorrectionId id) => _recorded.Contains(id.Value);

    /// <param name="ids">Of the corrections.</param>
    public async Task Read(
        IReadOnlyCollection<ChargeId> charges, IEnumerable<CorrectionId> ids, CancellationToken cancellation)
    {
        await LedgerKeys.Hold(work.Connection, charges.Select(LedgerKeys.Of), cancellation);
        var states = await States(charges, ids, cancellation);
        _subscriptions = await KnownSubscriptions.Read(
            work.Connection,
            states.Select(state => state.Posted.Booking.Subscription).OfType<SubscriptionId>().ToHashSet(),
            cancellation);
        await Hold([.. states.Select(KeyOf).Distinct()], cancellation);

        // Behind issued periods there may be no open one yet that somebody has booked into.
        var firstOpen = states.Where(IsIssued).ToDictionary(state => state.Id, FirstOpen);
        await Hold([.. firstOpen.Select(open => open.Value.Key).Distinct()], cancellation);
        var invoices = await Invoices(states, cancellation);
        foreach (var state in states)
        {
            var guard = _guards[KeyOf(state)];
            var open = firstOpen.TryGetValue(state.Id, out var booking) ? booking.Booking : null;
            var invoice = guard.Invoice is { } id ? invoices.GetValueOrDefault(id) : null;
            _found[state.Id] = new(state, guard, open, invoice);
        }
    }

    private static PeriodKey KeyOf(ChargeState state) =>
        state.Posted.Booking.KeyOf(state.Posted.Tenant, state.Posted.Amount.Currency);

    private bool IsIssued(ChargeState state) => _guards[KeyOf(state)].Status == PeriodStatus.Issued;

    private (Booking Booking, PeriodKey Key) FirstOpen(ChargeState state)
    {
        var posted = state.Posted;
        var subscription = posted.Booking.Subscription is { } id ? _subscriptions[id] : null;
        var booking = BookingPeriod.Choose(
            posted.Tenant, posted.Amount.Currency, posted.Booking, key => _guards.GetValueOrDefault(key),
            subscription is null ? Subscription.MonthAfter : subscription.After);
        return (booking, booking.KeyOf(posted.Tenant, posted.Amount.Currency));
    }

    private async Task Hold(List<PeriodKey> keys, CancellationToken cancellation)
    {
        keys.RemoveAll(_guards.ContainsKey);
        var held = await PeriodGuards.Hold(
            work.Connection, keys, new HashSet<PeriodKey>(), cancellation);
        foreach (var (key, guard) in held) _guards[key] = guard;
    }

    private async Task<List<ChargeState>> States(
        IReadOnlyCollection<ChargeId> charges, IEnumerable<CorrectionId> ids, CancellationToken cancellation)
    {
        StreamId.Charge[] streams = [.. charges.Select(charge => new StreamId.Charge(tenant, charge))];
        await using var batch = new NpgsqlBatch(work.Connection)
        {
            BatchCommands =
            {
                StoredEvents.ById(charges.Select(charge => charge.Value)),
                StoredEvents.ById(ids.Select(id => id.Value)),
                StoredEvents.OfStreams(streams),
            },
        };
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        var posted = (await StoredEvents.Read(rows, cancellation))
            .Where(stored => stored.Event is ChargePosted charge && charge.Tenant == tenant)
            .ToDictionary(stored => stored.Id, stored => (ChargePosted)stored.Event);
        _recorded = [.. (await StoredEvents.Read(rows, cancellation)).Select(stored => stored.Id)];
        var moves = (await StoredEvents.Read(rows, cancellation)).ToLookup(stored => stored.Stream);
        foreach (var stream in streams)
            work.WasRead(stream, moves[stream.ToString()].ToList().VersionOf(stream));
        return
        [
            .. streams.Where(stream => posted.ContainsKey(stream.Id.Value)).Select(stream =>
                StoredEvents.Charge(stream.Id, posted[stream.Id.Value], moves[stream.ToString()])),
        ];
    }

    private async Task<Dictionary<InvoiceId, InvoiceState>> Invoices(
        List<ChargeState> states, CancellationToken cancellation)
    {
        var found = new Dictionary<InvoiceId, InvoiceState>();
        var streams = states.Select(state => _guards[KeyOf(state)].Invoice).OfType<InvoiceId>().Distinct()
            .Select(invoice => new StreamId.Invoice(tenant, invoice)).ToList();
        if (streams.Count == 0) return found;

        await using var batch = new NpgsqlBatch(work.Connection)
        {
            BatchCommands = { StoredEvents.OfStreams(streams) },
        };
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        var events = (await StoredEvents.Read(rows, cancellation)).ToLookup(stored => stored.Stream);
        foreach (var stream in streams)
        {
            var ofOne = events[stream.ToString()].ToList();
            work.WasRead(stream, ofOne.VersionOf(stream));
            if (StoredEvents.Invoice(ofOne) is { } invoice) found[stream.Id] = invoice;
        }

        return found;
    }
}
