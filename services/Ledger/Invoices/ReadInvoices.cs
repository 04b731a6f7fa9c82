using Billing.Contracts.Values;
using Billing.Ledger.Credits;
using Billing.Ledger.Events;
using Billing.Ledger.Periods;
using Billing.Ledger.Storage;
using Npgsql;

namespace Billing.Ledger.Invoices;

/// <summary>
/// Invoices, credit and periods that a batch of facts is about, as they are and as earlier facts of the batch
/// have made them.
/// </summary>
internal sealed class ReadInvoices(LedgerWork work)
{
    private readonly Dictionary<string, InvoiceState> _invoices = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CreditState> _credits = new(StringComparer.Ordinal);
    private readonly Dictionary<PeriodKey, PeriodGuard> _guards = [];
    private readonly Dictionary<PeriodKey, PeriodGuard> _moved = [];
    private HashSet<Guid> _recorded = [];

    public IReadOnlyDictionary<PeriodKey, PeriodGuard> Moved => _moved;

    public PeriodGuard HeldAs(PeriodKey key) => _guards[key];

    public PeriodGuard GuardOf(PeriodKey key) => _moved.GetValueOrDefault(key) ?? _guards[key];

    public InvoiceState? InvoiceOf(TenantId tenant, InvoiceId id) =>
        _invoices.GetValueOrDefault(new StreamId.Invoice(tenant, id).ToString());

    public CreditState CreditOf(TenantId tenant, Currency currency) =>
        _credits.GetValueOrDefault(new StreamId.Credit(tenant, currency).ToString()) ?? CreditState.New;

    /// <summary>A no that was said before is not said again.</summary>
    public bool IsRecorded(Guid id) => _recorded.Contains(id);

    /// <summary>Takes the locks, in their order, and then reads.</summary>
    public async Task Read(IReadOnlyList<InvoicingFact> facts, CancellationToken cancellation)
    {
        var invoices = facts.Where(fact => fact.Invoice is not null)
            .Select(fact => new StreamId.Invoice(fact.Tenant, fact.Invoice!.Value)).Distinct().ToList();
        var credits = facts.OfType<InvoicingFact.Issue>()
            .Select(fact => new StreamId.Credit(fact.Tenant, fact.Command.Total.Currency))
            .Distinct().ToList();
        var periods = facts.Select(fact => fact.Period).OfType<PeriodKey>().ToHashSet();
        var held = await PeriodGuards.Hold(work.Connection, periods, periods, cancellation);
        foreach (var (key, guard) in held) _guards[key] = guard;

        await using var batch = new NpgsqlBatch(work.Connection)
        {
            BatchCommands =
            {
                StoredEvents.OfStreams(invoices),
                StoredEvents.OfStreams(credits),
                StoredEvents.ById(facts.Select(fact => EventIds.Of(fact.Message.Id, EventNames.AskRefused))),
            },
        };
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        var ofInvoices = (await StoredEvents.Read(rows, cancellation)).ToLookup(stored => stored.Stream);
        var ofCredits = (await StoredEvents.Read(rows, cancellation)).ToLookup(stored => stored.Stream);
        _recorded = [.. (await StoredEvents.Read(rows, cancellation)).Select(stored => stored.Id)];
        foreach (var stream in invoices)
        {
            var events = ofInvoices[stream.ToString()].ToList();
            work.WasRead(stream, events.VersionOf(stream));
            if (StoredEvents.Invoice(events) is { } invoice) _invoices[stream.ToString()] = invoice;
        }

        foreach (var stream in credits)
        {
            var events = ofCredits[stream.ToString()].ToList();
            work.WasRead(stream, events.VersionOf(stream));
            _credits[stream.ToString()] = StoredEvents.Credit(events);
        }
    }

    /// <summary>What was decided is so for the facts that come after it.</summary>
    public void Take(Append append)
    {
        var stream = append.Stream.ToString();
        if (append.Event is InvoiceIssued issued)
        {
            _invoices[stream] = InvoiceState.Of(issued);
            Move(issued.Booking.KeyOf(issued.Tenant, issued.Total.Currency), issued);
        }
        else if (append.Event is PeriodReopened open)
            Move(open.Booking.KeyOf(open.Tenant, open.Currency), open);
        else if (append.Stream is StreamId.Credit)
            _credits[stream] = _credits[stream].Evolve(append.Recorded);
        else if (append.Stream is StreamId.Invoice)
            _invoices[stream] = _invoices[stream].Evolve(append.Recorded);
    }

    private void Move(PeriodKey key, LedgerEvent happened) => _moved[key] = GuardOf(key).Evolve(happened);
}
