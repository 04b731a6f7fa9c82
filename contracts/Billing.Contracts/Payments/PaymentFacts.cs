using Billing.Contracts.Values;

namespace Billing.Contracts.Payments;

/// <summary>Money for an invoice arrived. Written by StripeSync, read by the Ledger and Invoicing.</summary>
/// <param name="StripeId">Stripe's name for the object that says so.</param>
[WireName("billing.stripe-sync.payment-received.v1")]
public sealed record PaymentReceivedV1(
    TenantId Tenant,
    PaymentId Payment,
    InvoiceId Invoice,
    Money Money,
    string StripeId,
    DateTimeOffset ReceivedAt);

/// <summary>
/// A payment was tried and did not arrive. Written by StripeSync, read by the Ledger and Invoicing.
/// </summary>
/// <param name="Failure">Stripe's word for the reason.</param>
[WireName("billing.stripe-sync.payment-failed.v1")]
public sealed record PaymentFailedV1(
    TenantId Tenant,
    PaymentId Payment,
    InvoiceId Invoice,
    Money Money,
    string StripeId,
    string Failure,
    DateTimeOffset FailedAt);

/// <summary>Money went back to the tenant. Written by StripeSync, read by the Ledger and Invoicing.</summary>
/// <param name="Money">This refund alone; above zero.</param>
[WireName("billing.stripe-sync.payment-refunded.v1")]
public sealed record PaymentRefundedV1(
    TenantId Tenant,
    PaymentId Payment,
    InvoiceId Invoice,
    Money Money,
    string StripeId,
    DateTimeOffset RefundedAt);

/// <summary>
/// The tenant's bank disputes a payment, or has decided such a dispute. Written by StripeSync, read by the
/// Ledger and Invoicing.
/// </summary>
/// <param name="Money">What is disputed; above zero.</param>
/// <param name="StripeId">Stripe's name for the dispute, the same at its beginning and its end.</param>
/// <param name="Outcome">Left out while the dispute is open.</param>
[WireName("billing.stripe-sync.payment-disputed.v1")]
public sealed record PaymentDisputedV1(
    TenantId Tenant,
    PaymentId Payment,
    InvoiceId Invoice,
    Money Money,
    string StripeId,
    DateTimeOffset DisputedAt,
    DisputeOutcome? Outcome = null);

public enum DisputeOutcome
{
    /// <summary>The money came back to us.</summary>
    Won,

    /// <summary>The money stays with the tenant, who owes it again.</summary>
    Lost,
}
