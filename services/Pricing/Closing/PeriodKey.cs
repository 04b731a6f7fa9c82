using System.Globalization;
using Billing.Contracts.Invoices;
using Billing.Contracts.Values;
using Billing.Pricing.Rating.Taking;

namespace Billing.Pricing.Closing;

/// <summary>What is closed together: all meters of one period of one subscription.</summary>
/// <param name="Subscription">Null: usage of the tenant without one.</param>
public sealed record PeriodKey(
    TenantId Tenant, SubscriptionId? Subscription, Currency Currency, BillingPeriod Period)
{
    public Guid Id { get; } = DerivedId.From(
        "period", Text.Spell(Tenant), Subscription is { } known ? Text.Spell(known) : "",
        Text.Spell(Currency), Period.Start.UtcTicks.ToString(CultureInfo.InvariantCulture));

    public static PeriodKey Of(TallyKey tally) =>
        new(tally.Tenant, tally.Subscription, tally.Currency, tally.Period);

    public static PeriodKey Of(CloseAskedV1 ask) =>
        new(ask.Tenant, ask.Subscription, ask.Currency, ask.Period);
}
