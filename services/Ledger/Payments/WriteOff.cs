using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.Ledger.Invoices;

namespace Billing.Ledger.Payments;

/// <summary>Gives up what is left to pay of an invoice, or a part of it.</summary>
public static class WriteOff
{
    /// <param name="Id">Of the event; see <see cref="EventIds"/>.</param>
    /// <param name="Money">Null: all that is left to pay.</param>
    public sealed record Command(
        TenantId Tenant, InvoiceId Invoice, Guid Id, Request Request, Money? Money = null);

    /// <param name="invoice">Null where there is no such invoice.</param>
    public static Decision Decide(Command command, InvoiceState? invoice, DateTimeOffset now)
    {
        if (invoice?.Issued.Tenant != command.Tenant) return Decision.Refuse(Refusal.NotFound);

        if (invoice.WriteOffs.GetValueOrDefault(command.Id) is { } earlier)
            return command.Money is null || command.Money == earlier.Money
                ? Decision.AlreadySo
                : Decision.Refuse(Refusal.KeyReused);
        if (Malformed(command, invoice) is { } malformed) return Decision.Refuse(malformed);

        var left = invoice.LeftToPay;
        if (left.IsZero) return Decision.Refuse(Refusal.NothingLeft, left.ToAmount());
        if (command.Money > left) return Decision.Refuse(Refusal.AboveWhatIsLeft, left.ToAmount());

        return Decision.Record(new Append(invoice.Stream, command.Id, new WrittenOff(
            command.Tenant, command.Invoice, command.Money ?? left, Origin.Of(command.Request, now))));
    }

    private static Refusal? Malformed(Command command, InvoiceState invoice)
    {
        if (command.Money is { } money && money.Currency != invoice.Issued.Total.Currency)
            return Refusal.CurrencyDiffers;
        if (command.Money is { MinorUnits: <= 0 }) return Refusal.AmountNotPositive;
        if (string.IsNullOrWhiteSpace(command.Request.Actor)) return Refusal.ActorMissing;
        return string.IsNullOrWhiteSpace(command.Request.Reason) ? Refusal.ReasonMissing : null;
    }
}
