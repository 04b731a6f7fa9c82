using System.Globalization;
using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger.Tests;

/// <summary>Fixed names, moments and amounts.</summary>
internal static class Given
{
    public static readonly TenantId Tenant = TenantId.Of("tenant-1");
    public static readonly TenantId OtherTenant = TenantId.Of("tenant-2");
    public static readonly SubscriptionId Sub = SubscriptionId.Of("sub-1");
    public static readonly Currency Usd = Currency.Of("USD");
    public static readonly Currency Xof = Currency.Of("XOF");
    public static readonly MeterId Meter = MeterId.Of("api_calls");
    public static readonly DateTimeOffset Now = At("2026-03-14T12:00:00.25Z");
    public static readonly BillingPeriod March = new(At("2026-03-01T00:00:00Z"), At("2026-04-01T00:00:00Z"));
    public static readonly BillingPeriod April = new(At("2026-04-01T00:00:00Z"), At("2026-05-01T00:00:00Z"));
    public static readonly Booking InMarch = new(March, Sub);
    public static readonly Booking InApril = new(April, Sub);
    public static readonly ChargeTrace NoTrace = new([]);
    public static readonly ChargeId Charge = new(Id("charge"));
    public static readonly InvoiceId Invoice = new(Id("invoice"));
    public static readonly PaymentId Payment = new(Id("payment"));

    public static readonly ChargePosted Posted = new(
        Tenant, InMarch, ChargeKind.Use, Usd100("100"), FromPricing(At("2026-03-10T08:00:00Z")), NoTrace,
        Meter: Meter, Quantity: Quantity.From(50));

    public static Guid Id(string name) => DerivedId.From("test", name);

    public static CorrectionId Correction(string name) => new(Id(name));

    public static DateTimeOffset At(string moment) => DateTimeOffset.Parse(moment, CultureInfo.InvariantCulture);

    public static Amount Usd100(string amount) => Text.Read<Amount>($"{amount} USD");

    public static Money Dollars(string money) => Text.Read<Money>($"{money} USD");

    public static Request Ask(string key = "key-1", string reason = "Wrong reading") =>
        new("ada@billing", Cause.Of(key), reason);

    public static Request From(string service, string fact, DateTimeOffset? at = null) =>
        new(service, Cause.Of(new FactId(Id(fact))), EffectiveAt: at);

    public static Origin FromPricing(DateTimeOffset at) =>
        new(at, Now, "pricing", Cause.Of(new FactId(Id("rating"))));

    public static IReadOnlyList<Append> ShouldRecord(this Decision decision, int count = 1)
    {
        var appends = decision.ShouldBeOfType<Decision.Accepted>(decision.ToString()).Appends;
        appends.Count.ShouldBe(count);
        return appends;
    }

    public static T ShouldRecord<T>(this Decision decision) where T : LedgerEvent =>
        decision.ShouldBeOfType<Decision.Accepted>(decision.ToString()).Appends
            .Select(append => append.Event).OfType<T>().ShouldHaveSingleItem();

    public static void ShouldBeAlreadySo(this Decision decision) => decision.ShouldRecord(0);

    public static void ShouldRefuse(this Decision decision, Refusal reason, Amount? left = null) =>
        decision.ShouldBe(Decision.Refuse(reason, left));
}
