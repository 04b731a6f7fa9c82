using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.Ledger.Payments;
using Billing.Ledger.Periods;

namespace Billing.Ledger.Invoices;

/// <summary>
/// One batch of facts, one after the other: each is decided by what the ones before it have made of invoices
/// and periods, and what it lets go on is decided right behind it.
/// </summary>
internal sealed class Book(ReadInvoices invoices, SortedDictionary<long, Waited> waited, DateTimeOffset now)
{
    private readonly List<Waited> _waiting = [.. waited.Values];
    private readonly Dictionary<FactId, string?> _traces = [];

    /// <summary>In their order.</summary>
    public List<Append> Appends { get; } = [];

    /// <summary>For a person to decide.</summary>
    public List<(InvoicingFact Fact, Decision.Refused Why)> Suspended { get; } = [];

    /// <summary>What goes on waiting, or begins to.</summary>
    public IEnumerable<(InvoicingFact Fact, Decision.Waits Why, DateTimeOffset Since)> Waiting =>
        _waiting.Select(one => (one.Fact, (Decision.Waits)Judge(one.Fact), one.Since));

    public IReadOnlyDictionary<FactId, string?> Traces() => _traces;

    public void Take(InvoicingFact fact)
    {
        if (Try(fact)) TakeWaiting();
        else _waiting.Add(new(fact, now));
    }

    // One may let another one go on, so from the beginning again until none does.
    private void TakeWaiting()
    {
        for (var place = 0; place < _waiting.Count; place++)
        {
            if (!Try(_waiting[place].Fact)) continue;

            _waiting.RemoveAt(place);
            place = -1;
        }
    }

    /// <returns>False where it has to wait.</returns>
    private bool Try(InvoicingFact fact)
    {
        if (fact is InvoicingFact.Issue issue) return Issue(issue);

        var decision = Judge(fact);
        if (decision is Decision.Waits) return false;

        _traces[fact.Message.Id] = fact.Message.Trace;
        foreach (var append in (decision as Decision.Accepted)?.Appends ?? []) Add(append);
        if (decision is Decision.Refused refused) Suspend(fact, refused);
        return true;
    }

    private bool Issue(InvoicingFact.Issue fact)
    {
        var command = fact.Command;
        Waited[] payments =
        [
            .. _waiting.Where(one => one.Fact is InvoicingFact.Payment paid
                && paid.Tenant == fact.Tenant && paid.Command.Invoice == command.Invoice),
        ];
        var result = BookInvoice.Decide(
            command, invoices.InvoiceOf(command.Tenant, command.Invoice),
            invoices.GuardOf(fact.Period!.Value),
            invoices.CreditOf(command.Tenant, command.Total.Currency),
            [.. payments.Select(one => ((InvoicingFact.Payment)one.Fact).Command)], now);

        _traces[fact.Message.Id] = fact.Message.Trace;
        foreach (var append in result.Appends) Add(append);
        if (result.Answer is Decision.Refused no) Suspend(fact, no);
        var wait = result.StillWaiting.Select(one => one.Request.Cause).ToHashSet();
        foreach (var payment in payments.Where(one => !wait.Contains(one.Fact.Request.Cause)))
        {
            _waiting.Remove(payment);
            _traces[payment.Fact.Message.Id] = payment.Fact.Message.Trace;
            if (RefusalOf(payment.Fact, result.Appends) is { } why) Suspended.Add((payment.Fact, why));
        }

        return true;
    }

    private static Decision.Refused? RefusalOf(InvoicingFact fact, IEnumerable<Append> appends) => appends
        .Select(append => append.Event).OfType<AskRefused>()
        .Where(no => no.Ask == fact.Message.Id)
        .Select(no => new Decision.Refused(no.Refusal, no.Left)).FirstOrDefault();

    private Decision Judge(InvoicingFact fact) => fact switch
    {
        InvoicingFact.Credit { Command: var credit } =>
            CreditInvoice.Decide(credit, invoices.InvoiceOf(credit.Tenant, credit.Invoice), now),
        InvoicingFact.Void { Command: var all } =>
            VoidInvoice.Decide(all, invoices.InvoiceOf(all.Tenant, all.Invoice), now),
        InvoicingFact.Reopen { Command: var open } =>
            ReopenPeriod.Decide(open, invoices.GuardOf(fact.Period!.Value), now),
        InvoicingFact.Payment { Command: var paid } =>
            TakePayment.Decide(paid, invoices.InvoiceOf(paid.Tenant, paid.Invoice), now),
        _ => throw new NotSupportedException($"{fact.GetType().Name} is not booked yet."),
    };

    private void Suspend(InvoicingFact fact, Decision.Refused no)
    {
        Suspended.Add((fact, no));
        var refused = Refusing.Ask(fact.Tenant, fact.Message.Id, no, fact.Request, now);
        if (!invoices.IsRecorded(refused.Id)) Add(refused);
    }

    private void Add(Append append)
    {
        Appends.Add(append);
        invoices.Take(append);
    }
}
