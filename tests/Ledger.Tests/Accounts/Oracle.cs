using System.Numerics;
using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger.Tests;

/// <summary>
/// What the accounts must hold, from what the events mean, in whole trillionths and big integers, sharing no code with
/// the product. Debit is above zero.
/// </summary>
internal sealed class Oracle(IReadOnlyCollection<LedgerEvent> all)
{
    public BigInteger Receivable =>
        Sum<InvoiceIssued>(issued => Of(issued.Total))
        - Sum<CreditNoteIssued>(note => Of(note.Total))
        - Sum<CreditApplied>(applied => Of(applied.Money))
        - Sum<PaymentReceived>(paid => Of(paid.Money))
        + Sum<RefundIssued>(refund => Of(refund.Money))
        + Sum<PaymentDisputed>(dispute => dispute.Outcome == DisputeOutcome.Lost ? Of(dispute.Money) : 0)
        - Sum<WrittenOff>(lost => Of(lost.Money));

    public BigInteger Unbilled =>
        Sum<ChargePosted>(charge => charge.Amount.Trillionths) + Sum<ChargeMoved>(moved => moved.Amount.Trillionths)
        - Sum<InvoiceIssued>(issued => Lines(issued.Lines, line => line.Exact.Trillionths));

    public BigInteger Cash =>
        Sum<PaymentReceived>(paid => Of(paid.Money)) - Sum<RefundIssued>(refund => Of(refund.Money))
        - Sum<PaymentDisputed>(dispute => dispute.Outcome switch
        {
            null => Of(dispute.Money),
            DisputeOutcome.Won => -Of(dispute.Money),
            _ => 0,
        });

    public BigInteger Disputed => Sum<PaymentDisputed>(dispute =>
        dispute.Outcome is null ? Of(dispute.Money) : -Of(dispute.Money));

    public BigInteger CustomerCredit =>
        Sum<CreditApplied>(applied => Of(applied.Money)) + Sum<CreditExpired>(expired => Of(expired.Money))
        - Sum<CreditGranted>(grant => Of(grant.Money));

    public BigInteger Tax =>
        Sum<CreditNoteIssued>(note => Lines(note.Lines, line => Of(line.Tax)))
        - Sum<InvoiceIssued>(issued => Lines(issued.Lines, line => Of(line.Tax)));

    public BigInteger Revenue =>
        Sum<CreditNoteIssued>(note => Lines(note.Lines, line => line.Exact.Trillionths))
        - Sum<ChargePosted>(charge => charge.Amount.Trillionths)
        - Sum<ChargeMoved>(moved => moved.Amount.Trillionths);

    public BigInteger BadDebt => Sum<WrittenOff>(lost => Of(lost.Money));

    public static BigInteger Of(Money money) =>
        money.MinorUnits * BigInteger.Pow(10, 12 - (money.Currency == Given.Usd ? 2 : 0));

    private static BigInteger Lines<T>(IEnumerable<T> lines, Func<T, BigInteger> part) =>
        lines.Aggregate(BigInteger.Zero, (sum, line) => sum + part(line));

    private BigInteger Sum<T>(Func<T, BigInteger> part) where T : LedgerEvent =>
        all.OfType<T>().Aggregate(BigInteger.Zero, (sum, happened) => sum + part(happened));
}
