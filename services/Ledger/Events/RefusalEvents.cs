using Billing.Contracts.Values;

namespace Billing.Ledger.Events;

// Stream <tenant>/refused/<fact id>.
// Stored for ever. Change a shape by adding a record; never edit one that has shipped.

/// <summary>A rating could not be posted and waits for a person.</summary>
/// <param name="Rating">Its fact id: the charge that it would have become.</param>
/// <param name="Left">What would have been possible, where too much was asked.</param>
public sealed record ChargeRefused(
    TenantId Tenant,
    ChargeId Rating,
    Amount Amount,
    BillingPeriod Serves,
    Refusal Refusal,
    Origin Origin,
    Amount? Left = null) : LedgerEvent(Tenant, Origin);

/// <summary>Something else that came in was refused: an ask, an invoice, an answer, a payment.</summary>
/// <param name="Ask">Its fact id.</param>
/// <param name="Left">What would have been possible, where too much was asked.</param>
public sealed record AskRefused(
    TenantId Tenant, FactId Ask, Refusal Refusal, Origin Origin, Amount? Left = null)
    : LedgerEvent(Tenant, Origin);

/// <summary>
/// A no to a fact is recorded as well, so that whoever waits for an answer gets one in order.
/// </summary>
public static class Refusing
{
    public static Append Ask(
        TenantId tenant, FactId ask, Decision.Refused no, Request request, DateTimeOffset now) => new(
            new StreamId.Refused(tenant, ask), EventIds.Of(ask, EventNames.AskRefused),
            new AskRefused(tenant, ask, no.Reason, Origin.Of(request, now), no.Left));

    public static Append Charge(
        FactId rating, TenantId tenant, Amount amount, BillingPeriod serves, Decision.Refused no,
        Origin origin) => new(
            new StreamId.Refused(tenant, rating), EventIds.Of(rating, EventNames.ChargeRefused),
            new ChargeRefused(tenant, new(rating.Value), amount, serves, no.Reason, origin, no.Left));
}
