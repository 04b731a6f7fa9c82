using System.Collections.Immutable;
using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.Ledger.Payments;

namespace Billing.Ledger.Invoices;

/// <summary>
/// What decides about one invoice: its stream, and what credit of the account has paid of it.
/// </summary>
/// <param name="Credited">By credit notes, with tax.</param>
/// <param name="AppliedCredit">Paid from the tenant's credit.</param>
public sealed record InvoiceState(
    InvoiceIssued Issued,
    ImmutableDictionary<LineId, LineState> Lines,
    ImmutableDictionary<CreditNoteId, CreditNoteIssued> CreditNotes,
    Money Credited,
    Money AppliedCredit,
    Money WrittenOff,
    ImmutableDictionary<Guid, WrittenOff> WriteOffs,
    PaymentsState Payments)
{
    public static InvoiceState Of(InvoiceIssued issued)
    {
        var none = Money.Zero(issued.Total.Currency);
        return new(
            issued, issued.Lines.ToImmutableDictionary(line => line.Line, LineState.Of),
            ImmutableDictionary<CreditNoteId, CreditNoteIssued>.Empty, none, none, none,
            ImmutableDictionary<Guid, WrittenOff>.Empty, PaymentsState.None(issued.Total.Currency));
    }

    /// <summary>All that was left of it has been taken off.</summary>
    public bool IsVoid => CreditNotes.Values.Any(note => note.IsVoid);

    /// <summary>
    /// What stands on accounts receivable for it. Below zero: the tenant has paid more than is owed.
    /// </summary>
    public Money Balance => Issued.Total - Credited - AppliedCredit - WrittenOff - Payments.Kept;

    public Money LeftToPay => Balance.MinorUnits > 0 ? Balance : Money.Zero(Balance.Currency);

    public StreamId Stream => new StreamId.Invoice(Issued.Tenant, Issued.Invoice);

    /// <summary>The line that a charge of its period is on; null where it has none.</summary>
    public LineState? LineOf(ChargePosted charge) =>
        Lines.GetValueOrDefault(InvoiceLines.Of(Issued.Invoice, charge));

    public InvoiceState Evolve(Recorded happened) => happened.Event switch
    {
        CreditNoteIssued note => With(note) with
        {
            Credited = Credited + note.Total,
            CreditNotes = CreditNotes.SetItem(note.CreditNote, note),
        },
        LineCorrected corrected => Change(corrected.Line, line =>
            line with { Corrected = line.Corrected + corrected.Amount }),
        CreditApplied applied => this with { AppliedCredit = AppliedCredit + applied.Money },
        WrittenOff lost => this with
        {
            WrittenOff = WrittenOff + lost.Money,
            WriteOffs = WriteOffs.SetItem(happened.Id, lost),
        },
        _ => this with { Payments = Payments.Evolve(happened) },
    };

    private InvoiceState With(CreditNoteIssued note) => note.Lines.Aggregate(this, (state, credited) =>
        state.Change(credited.Line, line => line.Evolve(credited)));

    private InvoiceState Change(LineId line, Func<LineState, LineState> change) =>
        Lines.TryGetValue(line, out var state)
            ? this with { Lines = Lines.SetItem(line, change(state)) }
            : this;
}
