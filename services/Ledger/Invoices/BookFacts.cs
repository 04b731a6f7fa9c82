using Billing.Contracts.Values;
using Billing.Ledger.Charges;
using Billing.Ledger.Events;
using Billing.Ledger.Periods;
using Billing.Ledger.Storage;
using Npgsql;

namespace Billing.Ledger.Invoices;

/// <summary>
/// Books what Invoicing and StripeSync tell, in order, within one transaction. What came before its invoice
/// has waited, and is decided in the transaction that books the invoice.
/// </summary>
public static class BookFacts
{
    /// <param name="messages">New, or taken out of suspense.</param>
    /// <returns>What was refused, and why.</returns>
    public static async Task<IReadOnlyDictionary<FactId, Refusal>> Apply(
        IEnumerable<KeptFact> messages, LedgerWork work, DateTimeOffset now, CancellationToken cancellation)
    {
        List<InvoicingFact> facts = [.. messages.Select(InvoicingFact.Of).OfType<InvoicingFact>()];
        if (facts.Count == 0) return new Dictionary<FactId, Refusal>();

        await LedgerKeys.Hold(work.Connection, facts.SelectMany(Keys), cancellation);
        var waited = await Waited(facts, work.Connection, cancellation);
        var invoices = new ReadInvoices(work);
        await invoices.Read([.. facts, .. waited.Values.Select(one => one.Fact)], cancellation);

        var book = new Book(invoices, waited, now);
        foreach (var fact in facts) book.Take(fact);
        await Write(book, invoices, waited, work, now, cancellation);
        return book.Suspended.ToDictionary(kept => kept.Fact.Message.Id, kept => kept.Why.Reason);
    }

    private static IEnumerable<string> Keys(InvoicingFact fact)
    {
        if (fact.Invoice is { } invoice) yield return LedgerKeys.Of(invoice);
        if (fact is InvoicingFact.Issue issue)
            yield return LedgerKeys.Of(fact.Tenant, issue.Command.Total.Currency);
    }

    /// <summary>By the row; in the order in which they came.</summary>
    private static async Task<SortedDictionary<long, Waited>> Waited(
        List<InvoicingFact> facts, NpgsqlConnection connection, CancellationToken cancellation)
    {
        var issued = facts.OfType<InvoicingFact.Issue>().Select(fact => Text.Spell(fact.Command.Invoice));
        var paid = facts.OfType<InvoicingFact.Payment>().Select(fact => Text.Spell(fact.Command.Payment));
        var rows = await KeptFacts.WaitingFor(
            connection, [WaitingKinds.Invoice, WaitingKinds.Payment], [.. issued, .. paid], cancellation);
        return new(rows.ToDictionary(
            row => row.Row, row => new Waited(InvoicingFact.Of(row.Fact)!, row.Since)));
    }

    private static async Task Write(
        Book book, ReadInvoices invoices, SortedDictionary<long, Waited> waited, LedgerWork work,
        DateTimeOffset now, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(work.Connection);
        if (invoices.Moved.Count > 0)
            batch.BatchCommands.Add(PeriodGuards.Move(invoices.Moved, invoices.HeldAs));
        if (waited.Count > 0) batch.BatchCommands.Add(KeptFacts.WaitNoMore(waited.Keys));
        foreach (var (fact, why, since) in book.Waiting)
            batch.BatchCommands.Add(KeptFacts.Wait(fact.Tenant, fact.Message, why, 0, since));
        foreach (var (fact, why) in book.Suspended)
            batch.BatchCommands.Add(KeptFacts.Suspend(fact.Tenant, fact.Message, why, now));
        if (batch.BatchCommands.Count > 0) await batch.ExecuteNonQueryAsync(cancellation);

        var traces = book.Traces();
        work.Append(book.Appends, fact => traces.GetValueOrDefault(fact));
    }
}

/// <summary>A fact that has waited.</summary>
/// <param name="Since">When it came.</param>
internal sealed record Waited(InvoicingFact Fact, DateTimeOffset Since);
