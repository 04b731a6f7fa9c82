using Billing.Contracts.Invoices;
using Billing.Contracts.Payments;
using Billing.Contracts.Values;
using Billing.Ledger.Charges;
using Billing.Ledger.Events;
using Billing.Ledger.Payments;
using Billing.Ledger.Periods;

namespace Billing.Ledger.Invoices;

/// <summary>A fact of Invoicing or StripeSync that the ledger books or decides about.</summary>
public abstract record InvoicingFact(KeptFact Message, TenantId Tenant, Request Request)
{
    public sealed record Issue(KeptFact Message, IssueInvoice.Command Command)
        : InvoicingFact(Message, Command.Tenant, Command.Request);

    public sealed record Credit(KeptFact Message, CreditInvoice.Command Command)
        : InvoicingFact(Message, Command.Tenant, Command.Request);

    public sealed record Void(KeptFact Message, VoidInvoice.Command Command)
        : InvoicingFact(Message, Command.Tenant, Command.Request);

    public sealed record Reopen(KeptFact Message, ReopenPeriod.Command Command)
        : InvoicingFact(Message, Command.Tenant, Command.Request);

    public sealed record Payment(KeptFact Message, TakePayment.Command Command)
        : InvoicingFact(Message, Command.Tenant, Command.Request);

    /// <summary>The invoice that it is about.</summary>
    public InvoiceId? Invoice => this switch
    {
        Issue issue => issue.Command.Invoice,
        Credit credit => credit.Command.Invoice,
        Void all => all.Command.Invoice,
        Payment payment => payment.Command.Invoice,
        _ => null,
    };

    /// <summary>The period that it moves.</summary>
    public PeriodKey? Period => this switch
    {
        Issue issue => issue.Command.Booking.KeyOf(issue.Tenant, issue.Command.Total.Currency),
        Reopen open => open.Command.Booking.KeyOf(open.Tenant, open.Command.Currency),
        _ => null,
    };

    /// <summary>Null for what others do: asks to close, documents of the ledger's own events.</summary>
    /// <exception cref="System.Text.Json.JsonException">Cannot be read.</exception>
    public static InvoicingFact? Of(KeptFact message) => message.Message() switch
    {
        InvoiceIssuedV1 issued => new Issue(message, InvoicingFacts.Of(message.Id, issued)),
        CreditAskedV1 ask => new Credit(message, InvoicingFacts.Of(message.Id, ask)),
        VoidAskedV1 ask => new Void(message, InvoicingFacts.Of(message.Id, ask)),
        ReopenAskedV1 ask => new Reopen(message, InvoicingFacts.Of(message.Id, ask)),
        PaymentReceivedV1 or PaymentFailedV1 or PaymentRefundedV1 or PaymentDisputedV1 =>
            new Payment(message, PaymentFacts.Of(message.Id, message.Message())),
        _ => null,
    };
}
