using Billing.Contracts.Values;
using Billing.Ledger.Charges;
using Billing.Ledger.Projections;
using Billing.ServiceDefaults;
using Billing.ServiceDefaults.Database.Paging;
using Microsoft.AspNetCore.Mvc;

namespace Billing.Ledger.Queries;

/// <summary>Which charges, and as of when.</summary>
public sealed class ChargeFilter
{
    [FromQuery(Name = "tenant")] public string? Tenant { get; init; }

    [FromQuery(Name = "meter")] public string? Meter { get; init; }

    [FromQuery(Name = "subscription")] public string? Subscription { get; init; }

    [FromQuery(Name = "currency")] public string? Currency { get; init; }

    /// <summary>Of the booking: the month (UTC) in which its period begins.</summary>
    [FromQuery(Name = "period")] public string? Period { get; init; }

    [FromQuery(Name = "status")] public string? Status { get; init; }

    [FromQuery(Name = "minAmount")] public string? MinAmount { get; init; }

    [FromQuery(Name = "maxAmount")] public string? MaxAmount { get; init; }

    [FromQuery(Name = "from")] public string? From { get; init; }

    [FromQuery(Name = "to")] public string? To { get; init; }

    [FromQuery(Name = "asOf")] public string? AsOf { get; init; }

    [FromQuery(Name = "knownAt")] public string? KnownAt { get; init; }

    internal AskedMoment Moment => AskedMoment.Of(AsOf, KnownAt);

    /// <summary>Sums are kept by tenant, meter, subscription, currency and period; for these alone.</summary>
    internal bool IsOfTotals =>
        Status is null && MinAmount is null && MaxAmount is null && From is null && To is null;

    /// <summary>What the sums are kept by.</summary>
    internal void AddKeys(Conditions conditions, Caller caller, string row)
    {
        conditions.Named<TenantId>($"{row}.tenant_id", caller.Tenant ?? Tenant, "tenant");
        conditions.Named<MeterId>($"{row}.meter", Meter, "meter");
        conditions.Named<SubscriptionId>($"{row}.subscription", Subscription, "subscription");
        conditions.Named<Currency>($"{row}.currency", Currency, "currency");
        conditions.Month($"{row}.period_start", Period, "period");
    }

    /// <param name="state">The row that says what has become of the charge.</param>
    internal void AddAll(Conditions conditions, Caller caller, string row, string state)
    {
        AddKeys(conditions, caller, row);
        conditions.Number($"{row}.amount", ">=", MinAmount, "minAmount");
        conditions.Number($"{row}.amount", "<=", MaxAmount, "maxAmount");
        conditions.Moment($"{row}.effective_at", ">=", From, "from");
        conditions.Moment($"{row}.effective_at", "<", To, "to");
        if (Status is null) return;
        if (Words.Find<ChargeStatus>(Status) is null)
            throw new RefusedRequestException(
                $"'status' is one of {string.Join(", ", Words.All<ChargeStatus>())}.");

        conditions.Add($"{state}.status = {conditions.Value(Status)}");
    }
}
