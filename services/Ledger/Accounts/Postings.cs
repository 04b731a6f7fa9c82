using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger.Accounts;

/// <summary>One side of a double entry.</summary>
/// <param name="Amount">Above zero on the debit side, below zero on the credit side.</param>
/// <param name="Meter">On revenue: what was counted.</param>
public readonly record struct Posting(Account Account, Amount Amount, MeterId? Meter = null);

/// <summary>
/// What an event means in double entry: postings that sum to zero in its currency. A function of the event
/// alone, so the journal can be made again at any time and is the same.
/// </summary>
public static class Postings
{
    /// <summary>Empty for an event that moves no money. A posting of zero is left out.</summary>
    public static IReadOnlyList<Posting> Of(LedgerEvent happened)
    {
        var postings = new List<Posting>();
        AddTo(postings, happened);
        return postings;
    }

    /// <summary>Without a list for each event.</summary>
    /// <exception cref="NotSupportedException">An event that no account knows.</exception>
    public static void AddTo(List<Posting> postings, LedgerEvent happened)
    {
        switch (happened)
        {
            case ChargePosted charge: Charge(postings, charge.Amount, charge.Kind, charge.Meter); break;
            case ChargeMoved moved: Charge(postings, moved.Amount, moved.Of.Kind, moved.Of.Meter); break;
            case InvoiceIssued invoice: Each(postings, invoice.Lines, Invoice); break;
            case CreditNoteIssued note: Each(postings, note.Lines, CreditNote); break;
            default: AddTo(postings, Transfer(happened)); break;
        }
    }

    private static void AddTo(List<Posting> postings, (Account To, Account From, Money Money)? transfer)
    {
        if (transfer is { } moved) Move(postings, moved.Money.ToAmount(), moved.To, moved.From);
    }

    /// <summary>The account debited, the account credited; null where no money moves.</summary>
    private static (Account To, Account From, Money Money)? Transfer(LedgerEvent happened) => happened switch
    {
        CreditGranted grant => (Account.CreditsGranted, Account.CustomerCredit, grant.Money),
        CreditApplied applied => (Account.CustomerCredit, Account.AccountsReceivable, applied.Money),
        CreditExpired expired => (Account.CustomerCredit, Account.CreditsGranted, expired.Money),
        PaymentReceived paid => (Account.CashClearing, Account.AccountsReceivable, paid.Money),
        RefundIssued refund => (Account.AccountsReceivable, Account.CashClearing, refund.Money),
        PaymentDisputed dispute => Dispute(dispute),
        WrittenOff lost => (Account.BadDebt, Account.AccountsReceivable, lost.Money),
        PaymentFailed or LineCorrected or PeriodClosed or PeriodReopened => null,
        ChargeRefused or AskRefused => null,
        _ => throw new NotSupportedException($"{happened.GetType().Name} is in no account yet."),
    };

    private static (Account To, Account From, Money Money) Dispute(PaymentDisputed dispute) =>
        dispute.Outcome switch
        {
            null => (Account.DisputedPayments, Account.CashClearing, dispute.Money),
            DisputeOutcome.Won => (Account.CashClearing, Account.DisputedPayments, dispute.Money),
            _ => (Account.AccountsReceivable, Account.DisputedPayments, dispute.Money),
        };

    private static void Charge(List<Posting> postings, Amount amount, ChargeKind kind, MeterId? meter)
    {
        Add(postings, Account.UnbilledReceivable, amount);
        Add(postings, Revenue.Of(kind), -amount, meter);
    }

    // The exact sum leaves unbilled receivable, the rounded one is owed, and the rest is rounding.
    private static void Invoice(List<Posting> postings, IssuedLine line)
    {
        var (rounded, discount, tax) =
            (line.Rounded.ToAmount(), line.Discount.ToAmount(), line.Tax.ToAmount());

        Add(postings, Account.AccountsReceivable, rounded - discount + tax);
        Add(postings, Account.UnbilledReceivable, -line.Exact);
        Add(postings, Account.TaxPayable, -tax);
        Add(postings, Account.Discounts, discount);
        Add(postings, Account.Rounding, line.Exact - rounded);
    }

    private static void CreditNote(List<Posting> postings, CreditedLine line)
    {
        var (rounded, tax) = (line.Rounded.ToAmount(), line.Tax.ToAmount());

        Add(postings, Account.AccountsReceivable, -(rounded + tax));
        Add(postings, Account.TaxPayable, tax);
        Add(postings, Revenue.Of(line.Kind, line.Meter), line.Exact, line.Meter);
        Add(postings, Account.Rounding, rounded - line.Exact);
    }

    private static void Move(List<Posting> postings, Amount amount, Account to, Account from)
    {
        Add(postings, to, amount);
        Add(postings, from, -amount);
    }

    private static void Each<T>(
        List<Posting> postings, IReadOnlyList<T> lines, Action<List<Posting>, T> add)
    {
        for (var place = 0; place < lines.Count; place++) add(postings, lines[place]);
    }

    private static void Add(List<Posting> postings, Account account, Amount amount, MeterId? meter = null)
    {
        if (!amount.IsZero) postings.Add(new(account, amount, meter));
    }
}
