using System.Collections.Frozen;

namespace Billing.Ledger.Events;

/// <summary>
/// What each event is called in the store. A class may be renamed, these not: they are in every row.
/// </summary>
public static class EventNames
{
    public const string ChargePosted = "charge_posted";
    public const string ChargeVoided = "charge_voided";
    public const string ChargeCredited = "charge_credited";
    public const string ChargeAdjusted = "charge_adjusted";
    public const string ChargeTakenBack = "charge_taken_back";
    public const string CorrectionReversed = "correction_reversed";
    public const string CreditGranted = "credit_granted";
    public const string CreditApplied = "credit_applied";
    public const string CreditExpired = "credit_expired";
    public const string InvoiceIssued = "invoice_issued";
    public const string CreditNoteIssued = "credit_note_issued";
    public const string LineCorrected = "line_corrected";
    public const string PaymentReceived = "payment_received";
    public const string PaymentFailed = "payment_failed";
    public const string PaymentDisputed = "payment_disputed";
    public const string RefundIssued = "refund_issued";
    public const string WrittenOff = "written_off";
    public const string PeriodClosed = "period_closed";
    public const string PeriodReopened = "period_reopened";
    public const string ChargeRefused = "charge_refused";
    public const string AskRefused = "ask_refused";

    /// <summary>Stored name → record.</summary>
    public static FrozenDictionary<string, Type> All { get; } = new Dictionary<string, Type>
    {
        [ChargePosted] = typeof(ChargePosted),
        [ChargeVoided] = typeof(ChargeVoided),
        [ChargeCredited] = typeof(ChargeCredited),
        [ChargeAdjusted] = typeof(ChargeAdjusted),
        [ChargeTakenBack] = typeof(ChargeTakenBack),
        [CorrectionReversed] = typeof(CorrectionReversed),
        [CreditGranted] = typeof(CreditGranted),
        [CreditApplied] = typeof(CreditApplied),
        [CreditExpired] = typeof(CreditExpired),
        [InvoiceIssued] = typeof(InvoiceIssued),
        [CreditNoteIssued] = typeof(CreditNoteIssued),
        [LineCorrected] = typeof(LineCorrected),
        [PaymentReceived] = typeof(PaymentReceived),
        [PaymentFailed] = typeof(PaymentFailed),
        [PaymentDisputed] = typeof(PaymentDisputed),
        [RefundIssued] = typeof(RefundIssued),
        [WrittenOff] = typeof(WrittenOff),
        [PeriodClosed] = typeof(PeriodClosed),
        [PeriodReopened] = typeof(PeriodReopened),
        [ChargeRefused] = typeof(ChargeRefused),
        [AskRefused] = typeof(AskRefused),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<Type, string> Names =
        All.ToFrozenDictionary(named => named.Value, named => named.Key);

    /// <exception cref="ArgumentException">The type is not stored.</exception>
    public static string Of(Type stored) => Names.TryGetValue(stored, out var name)
        ? name
        : throw new ArgumentException($"{stored} has no stored name.", nameof(stored));
}
