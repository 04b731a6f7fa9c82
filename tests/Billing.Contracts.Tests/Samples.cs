using System.Globalization;
using Billing.Contracts.Catalog;
using Billing.Contracts.Entries;
using Billing.Contracts.Invoices;
using Billing.Contracts.Payments;
using Billing.Contracts.Platform;
using Billing.Contracts.Ratings;
using Billing.Contracts.Usage;
using Billing.Contracts.Values;

namespace Billing.Contracts.Tests;

/// <summary>One of each message, with every optional part present, as the golden files hold them.</summary>
internal static class Samples
{
    private static readonly TenantId Tenant = TenantId.Of("tenant-1");
    private static readonly SubscriptionId Subscription = SubscriptionId.Of("sub-1");
    private static readonly MeterId Meter = MeterId.Of("api_calls");
    private static readonly PlanId Plan = PlanId.Of("starter");
    private static readonly Currency Usd = Currency.Of("USD");
    private static readonly EventId Event = new("//platform/gateway", "req-4711");
    private static readonly BillingPeriod March = new(At("2026-03-01T00:00:00Z"), At("2026-04-01T00:00:00Z"));
    private static readonly BookingV1 Booking = new(March, Subscription);
    private static readonly DateTimeOffset Noon = At("2026-03-14T12:00:00.25Z");
    private static readonly Quantity Units = Quantity.From(1_500);
    private static readonly Amount Exact = Text.Read<Amount>("12.345 USD");
    private static readonly Money Rounded = Text.Read<Money>("12.34 USD");
    private static readonly UnitPrice Price = UnitPrice.From(0.00823m, Usd);
    private static readonly DecisionV1 Decision = new("ada@billing", Noon, "Contract of March");
    private static readonly ChargeId Charge = new(Id(1));
    private static readonly CorrectionId Correction = new(Id(2));
    private static readonly InvoiceId Invoice = new(Id(3));
    private static readonly CreditNoteId CreditNote = new(Id(4));
    private static readonly LineId Line = new(Id(5));
    private static readonly PaymentId Payment = new(Id(6));
    private static readonly FactId Fact = new(Id(7));
    private static readonly PriceRuleId Rule = PriceRuleId.Of("starter-api-calls");

    private static readonly OriginV1 Origin =
        new(Noon, At("2026-03-14T12:00:01Z"), "pricing", "fact " + Fact, "Wrong meter reading");

    private static readonly RatingTraceV1 Trace = new(
        [new("tier 1", Exact, Units, Price, IsRounded: true), new("cap", Amount.Zero(Usd))],
        Rule, 3, PriceLevel.PlanCountryMeter, Text.Read<Amount>("100 USD"), Text.Read<Amount>("112.345 USD"));

    private static readonly CreditedLineV1 CreditedLine =
        new(Line, Exact, Rounded, Text.Read<Money>("2.47 USD"));

    public static IReadOnlyList<object> All { get; } =
    [
        new UsageAcceptedV1(
            Tenant, Event, 0, "api.request", Noon, At("2026-03-14T12:00:00.5Z"), UsageScope.OverLimit,
            new([new("units", "1500"), new("model", "small")]), [new(Meter, Units, "user-7")], 42),
        new UsageCanceledV1(Tenant, Event, 0, new("//platform/gateway", "req-4712"), Noon),

        new UseRatedV1(Tenant, Event, 0, Meter, March, Noon, Units, Exact, Trace, Subscription),
        new CancelRatedV1(Tenant, Event, 0, Meter, Charge, March, Noon, -Units, -Exact, Trace, Subscription),
        new MergedRatedV1(
            Tenant, Meter, new(Noon, At("2026-03-14T13:00:00Z")), [Fact], March, Units, Exact, Trace, Subscription),
        new ChangeRatedV1(Tenant, Fact, Meter, March, -Exact, Trace, Subscription),
        new FeeRatedV1(Tenant, Subscription, Plan, March, Exact, Trace),
        new ProrationRatedV1(
            Tenant, Subscription, Plan, March, new(Noon, At("2026-04-01T00:00:00Z")), -Exact, Trace),
        new TrueUpRatedV1(Tenant, Subscription, March, Exact, Trace),
        new PeriodAnsweredV1(
            Tenant, Usd, March, 1, At("2026-04-01T00:00:02Z"), 1, 2, Subscription, "billing.usage.raw.v1/3 at 4711"),

        new TenantSetV1(Tenant, "Société Exemple", "CI", Decision),
        new MeterSetV1(
            Meter, "api.request", "call", Aggregation.WeightedSum, ["model"], Decision, "units",
            new([new("region", "eu")])),
        new PlanPublishedV1(
            Plan, 2, "Starter", March.Start, [Exact], [new AllowanceV1(Meter, Quantity.From(10_000))], Decision),
        new SubscriptionSetV1(
            Subscription, Tenant, Plan, "FR", Usd, new(new DateOnly(2026, 1, 31)), "Europe/Paris", March.Start,
            Decision, March.EndExclusive, Noon),
        new OverageSourceSetV1(Tenant, Meter, OverageSource.Reported, March.Start, Decision),
        new MergeWindowSetV1(Tenant, MergeWindow.Hour, March.Start, Decision),
        new QuotaLimitSetV1(Meter, March.Start, Decision, Tenant, Plan, Units, Units, 86400, Exact, 80),
        new TenantAllowanceSetV1(Tenant, Meter, 2, March.Start, Decision, Units, Plan),
        new TenantFeeSetV1(Tenant, Usd, 2, March.Start, Decision, Exact, Plan),
        new PriceRulePublishedV1(
            Rule, 3, Meter, Usd,
            new PriceModelV1.Graduated([new(Quantity.Zero, Price), new(Units, UnitPrice.From(0.000001m, Usd))]),
            March.Start, Decision, Plan, "FR", Tenant, March.EndExclusive, Exact, Text.Read<Amount>("1000 USD"),
            new([new("model", "large")])),
        new PriceRuleRetiredV1(Rule, March.EndExclusive, Decision),

        new ChargePostedV1(Tenant, Booking, ChargeKind.TrueUp, March, Exact, Origin, Meter, Units),
        new ChargeVoidedV1(Tenant, Charge, Correction, Booking, -Exact, Origin),
        new ChargeAdjustedV1(Tenant, Charge, Correction, Booking, -Exact, Origin, -Units),
        new ChargeCreditedV1(Tenant, Charge, Correction, Booking, -Exact, Origin),
        new ChargeTakenBackV1(Tenant, Charge, Booking, -Exact, Origin),
        new CorrectionReversedV1(Tenant, Charge, Correction, Booking, Exact, Origin),
        new ChargeRefusedV1(Tenant, Charge, Exact, March, "currency-of-subscription", Origin),
        new CreditGrantedV1(Tenant, Rounded, Origin, March.EndExclusive),
        new CreditAppliedV1(Tenant, Invoice, Rounded, Origin),
        new CreditExpiredV1(Tenant, Rounded, Origin),
        new PeriodClosedV1(Tenant, Booking, 1, 8_819, Exact, 1, 2, Origin, "billing.usage.raw.v1/3 at 4711"),
        new PeriodReopenedV1(Tenant, Booking, Usd, 1, Origin),
        new InvoiceCreditedV1(Tenant, Invoice, CreditNote, [CreditedLine], Text.Read<Money>("14.81 USD"), Origin),
        new AskRefusedV1(Tenant, Fact, "above-what-is-left", Origin, Rounded),

        new CloseAskedV1(Tenant, Usd, March, 1, At("2026-04-02T00:00:00Z"), Subscription),
        new ReopenAskedV1(Tenant, Usd, March, 1, Decision, Subscription),
        new CreditAskedV1(Tenant, Invoice, CreditNote, [new AskedLineV1(Line, Exact)], Decision),
        new VoidAskedV1(Tenant, Invoice, CreditNote, Decision),
        new InvoiceIssuedV1(
            Tenant, Invoice, "T1-000042", March, 1, Noon, March.EndExclusive,
            [new(Line, LineKind.TrueUp, "API calls", Exact, Rounded, Text.Read<Money>("0.34 USD"),
                Text.Read<Money>("2.40 USD"), Meter, Units, March)],
            Text.Read<Money>("2.40 USD"), Text.Read<Money>("14.40 USD"), Subscription),
        new CreditNoteIssuedV1(
            Tenant, CreditNote, Invoice, "T1-C-000007", Noon, [CreditedLine], Text.Read<Money>("2.47 USD"),
            Text.Read<Money>("14.81 USD")),
        new InvoiceVoidedV1(Tenant, Invoice, CreditNote, Noon),

        new PaymentReceivedV1(Tenant, Payment, Invoice, Rounded, "in_1", Noon),
        new PaymentFailedV1(Tenant, Payment, Invoice, Rounded, "in_1", "card_declined", Noon),
        new PaymentRefundedV1(Tenant, Payment, Invoice, Rounded, "re_1", Noon),
        new PaymentDisputedV1(Tenant, Payment, Invoice, Rounded, "dp_1", Noon, DisputeOutcome.Lost),

        new ServiceStartedV1(Resources.Ledger, "ledger-1", "1.2.3", Noon),
        new TideV1(Topics.Usage, 3, "7231-1-0192", [new(3, 4_711, Fact, Noon), new(11, 0)]),
        new ReplayRequestV1(Resources.Pricing, Topics.Usage, 11, "7231-1-0192", 4_700, 4_711),
    ];

    private static Guid Id(int number) => DerivedId.From("sample", number.ToString(CultureInfo.InvariantCulture));

    private static DateTimeOffset At(string moment) => DateTimeOffset.Parse(moment, CultureInfo.InvariantCulture);
}
