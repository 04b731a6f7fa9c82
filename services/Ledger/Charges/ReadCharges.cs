using Billing.Contracts.Values;
using Billing.Ledger.Corrections;
using Billing.Ledger.Events;
using Billing.Ledger.Invoices;
using Billing.Ledger.Periods;
using Billing.Ledger.Storage;
using Npgsql;

namespace Billing.Ledger.Charges;

/// <summary>Charges that are canceled, with their streams, and the invoices that they are on.</summary>
internal sealed class ReadCharges(LedgerWork work)
{
    private readonly Dictionary<ChargeId, ChargeState> _charges = [];
    private readonly Dictionary<InvoiceId, InvoiceState> _invoices = [];

    public IReadOnlyDictionary<ChargeId, ChargeState> Found => _charges;

    public IReadOnlyDictionary<InvoiceId, InvoiceState> Invoices => _invoices;

    /// <summary>The charges that these ratings cancel, as far as they are posted.</summary>
    public async Task Read(Rating[] cancels, CancellationToken cancellation)
    {
        if (cancels.Length == 0) return;

        StreamId.Charge[] streams =
        [
            .. cancels.Select(rating => new StreamId.Charge(rating.Tenant, rating.Cancels!.Value)).Distinct(),
        ];
        await using var batch = new NpgsqlBatch(work.Connection)
        {
            BatchCommands =
            {
                StoredEvents.ById(streams.Select(stream => stream.Id.Value)),
                StoredEvents.OfStreams(streams),
            },
        };
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        var posted = (await StoredEvents.Read(rows, cancellation))
            .Where(stored => stored.Event is ChargePosted)
            .ToDictionary(stored => stored.Id, stored => (ChargePosted)stored.Event);
        var moves = (await StoredEvents.Read(rows, cancellation)).ToLookup(stored => stored.Stream);
        foreach (var stream in streams)
        {
            var moved = moves[stream.ToString()].ToList();
            work.WasRead(stream, moved.VersionOf(stream));
            if (posted.TryGetValue(stream.Id.Value, out var charge))
                _charges[stream.Id] = StoredEvents.Charge(stream.Id, charge, moved);
        }
    }

    /// <summary>The invoices of the issued periods that the charges are booked into.</summary>
    public async Task ReadInvoices(
        IReadOnlyDictionary<PeriodKey, PeriodGuard> guards, CancellationToken cancellation)
    {
        var streams = _charges.Values
            .Select(charge => charge.Posted)
            .Select(posted => (posted.Tenant, guards.GetValueOrDefault(
                posted.Booking.KeyOf(posted.Tenant, posted.Amount.Currency))?.Invoice))
            .Where(one => one.Invoice is { } invoice && !_invoices.ContainsKey(invoice))
            .Select(one => new StreamId.Invoice(one.Tenant, one.Invoice!.Value)).Distinct().ToList();
        if (streams.Count == 0) return;

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
            if (StoredEvents.Invoice(ofOne) is { } invoice) _invoices[stream.Id] = invoice;
        }
    }
}
