using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger.Accounts;

/// <summary>One posting as a row, with both clocks. Rows are only ever added.</summary>
/// <param name="Line">From 1 within the event.</param>
/// <param name="What">The stored name of the event.</param>
/// <param name="Amount">Above zero on the debit side.</param>
/// <param name="Period">On entries of a period: the start of the one that they are booked into.</param>
public sealed record JournalRow(
    long Position,
    int Line,
    Guid Event,
    string What,
    TenantId Tenant,
    Account Account,
    Amount Amount,
    DateTimeOffset EffectiveAt,
    DateTimeOffset RecordedAt,
    MeterId? Meter = null,
    SubscriptionId? Subscription = null,
    DateTimeOffset? Period = null,
    InvoiceId? Invoice = null);

/// <summary>The journal: every posting of every event, in order.</summary>
public static class Journal
{
    public static IReadOnlyList<JournalRow> Of(Positioned happened)
    {
        var rows = new List<JournalRow>();
        AddTo(rows, happened, []);
        return rows;
    }

    /// <summary>Without lists for each event.</summary>
    /// <param name="postings">Emptied and used.</param>
    public static void AddTo(List<JournalRow> rows, Positioned happened, List<Posting> postings)
    {
        postings.Clear();
        Postings.AddTo(postings, happened.Event);
        if (postings.Count == 0) return;

        var (origin, booking, invoice) =
            (happened.Event.Origin, BookingOf(happened.Event), InvoiceOf(happened.Event));
        var what = EventNames.Of(happened.Event.GetType());
        for (var place = 0; place < postings.Count; place++)
            rows.Add(new(
                happened.Position, place + 1, happened.Id, what, happened.Event.Tenant,
                postings[place].Account, postings[place].Amount, origin.EffectiveAt, origin.RecordedAt,
                postings[place].Meter, booking?.Subscription, booking?.Period.Start, invoice));
    }

    /// <summary>The invoice that an event is about; null where it is about none.</summary>
    public static InvoiceId? InvoiceOf(LedgerEvent happened) => happened switch
    {
        InvoiceIssued issued => issued.Invoice,
        CreditNoteIssued note => note.Invoice,
        CreditApplied applied => applied.Invoice,
        PaymentReceived paid => paid.Invoice,
        PaymentFailed failed => failed.Invoice,
        PaymentDisputed dispute => dispute.Invoice,
        RefundIssued refund => refund.Invoice,
        WrittenOff lost => lost.Invoice,
        LineCorrected corrected => corrected.Invoice,
        _ => null,
    };

    private static Booking? BookingOf(LedgerEvent happened) => happened switch
    {
        ChargePosted charge => charge.Booking,
        ChargeMoved moved => moved.Booking,
        InvoiceIssued issued => issued.Booking,
        _ => null,
    };
}
