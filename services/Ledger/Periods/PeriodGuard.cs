using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger.Periods;

public enum PeriodStatus
{
    /// <summary>Takes entries. Also a period of which nobody has heard yet.</summary>
    Open,

    /// <summary>Takes no entry until it is issued or reopened.</summary>
    Closed,

    /// <summary>Its invoice is issued; it takes no entry ever again.</summary>
    Issued,
}

/// <summary>
/// One row a period, which every transaction that books into it locks first: shared to book, exclusively to
/// close, reopen or issue.
/// </summary>
/// <param name="CloseNumber">Of the last close; 0 before the first.</param>
/// <param name="ClosedSum">The exact sum of the last close, while it stands.</param>
/// <param name="Invoice">Once issued.</param>
public sealed record PeriodGuard(
    PeriodStatus Status, int CloseNumber, Amount? ClosedSum = null, InvoiceId? Invoice = null)
{
    /// <summary>A period that nothing was booked into yet.</summary>
    public static PeriodGuard New { get; } = new(PeriodStatus.Open, 0);

    public PeriodGuard Evolve(LedgerEvent happened) => happened switch
    {
        PeriodClosed closed => new(PeriodStatus.Closed, closed.CloseNumber, closed.Sum),
        PeriodReopened => new(PeriodStatus.Open, CloseNumber),
        InvoiceIssued issued => this with { Status = PeriodStatus.Issued, Invoice = issued.Invoice },
        _ => this,
    };
}
