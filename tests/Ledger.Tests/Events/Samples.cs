using Billing.Contracts.Values;
using Billing.Ledger.Events;
using static Billing.Ledger.Tests.Given;

namespace Billing.Ledger.Tests;

/// <summary>One of each stored event, with every optional part present, as the golden files hold them.</summary>
internal static class Samples
{
    private static readonly Amount Exact = Usd100("12.345");
    private static readonly Money Rounded = Dollars("12.34");
    private static readonly Money Tax = Dollars("2.40");
    private static readonly LineId Line = new(Id("line"));
    private static readonly Origin Origin =
        new(Now, At("2026-03-14T12:00:01Z"), "ada@billing", Cause.Of("key-1"), "Why");
    private static readonly ChargeRef Of = new(Charge, ChargeKind.TrueUp, March, Meter, new(Invoice, Line));

    private static readonly ChargeTrace Trace = new(
        [new("tier 1", Exact, Quantity.From(1_500), UnitPrice.From(0.00823m, Usd), Rounded: true)],
        PriceRuleId.Of("starter-api-calls"), 3, "plan-country-meter", Usd100("100"), Usd100("112.345"));

    public static IReadOnlyList<LedgerEvent> All { get; } =
    [
        new ChargePosted(
            Tenant, InApril, ChargeKind.Merged, Exact, FromPricing(Now) with { Reason = "Late" }, Trace, March, Meter,
            Quantity.From(1_500), new("//platform/gateway", "req-4711", 0), [new(Id("rating"))]),
        new ChargeVoided(Tenant, Of, InMarch, -Exact, Origin),
        new ChargeCredited(Tenant, Of, InMarch, -Exact, Origin),
        new ChargeAdjusted(Tenant, Of, InMarch, -Exact, Origin, Quantity.From(-20)),
        new ChargeTakenBack(Tenant, Of, InMarch, -Exact, Origin, Trace, Quantity.From(-1_500)),
        new CorrectionReversed(Tenant, Of, InMarch, Exact, Origin, Correction("adjust"), Quantity.From(20)),
        new CreditGranted(Tenant, Rounded, Origin, April.EndExclusive),
        new CreditApplied(Tenant, Invoice, Rounded, [new(Id("grant"), Rounded)], Origin),
        new CreditExpired(Tenant, Id("grant"), Rounded, Origin),
        new InvoiceIssued(
            Tenant, Invoice, "T1-000042", InMarch, 1, April.EndExclusive,
            [new(Line, LineKind.TrueUp, Exact, Rounded, Dollars("0.34"), Tax, Meter, March)], Dollars("14.40"), Origin),
        new CreditNoteIssued(
            Tenant, Invoice, new(Id("note")), [new(Line, LineKind.Correction, Exact, Rounded, Tax, Meter)],
            Dollars("14.74"), true, Origin),
        new LineCorrected(Tenant, Invoice, Line, Charge, -Exact, Origin),
        new PaymentReceived(Tenant, Invoice, Payment, Rounded, "in_1", Origin),
        new PaymentFailed(Tenant, Invoice, Payment, Rounded, "in_1", "card_declined", Origin),
        new PaymentDisputed(Tenant, Invoice, Payment, Rounded, "dp_1", Origin, DisputeOutcome.Lost),
        new RefundIssued(Tenant, Invoice, Payment, Rounded, "re_1", Origin),
        new WrittenOff(Tenant, Invoice, Rounded, Origin),
        new PeriodClosed(Tenant, InMarch, 1, 8_819, Exact, 1, 2, Origin, Id("first"), Id("last"), "raw/3 at 4711"),
        new PeriodReopened(Tenant, InMarch, Usd, 1, Origin),
        new ChargeRefused(Tenant, Charge, Exact, March, Refusal.CurrencyOfSubscription, Origin, Exact),
        new AskRefused(Tenant, new(Id("ask")), Refusal.AboveWhatIsLeft, Origin, Exact),
    ];
}
