using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.Ledger.Invoices;

namespace Billing.Ledger.Credits;

/// <summary>
/// Pays an invoice from the tenant's credit: all that is possible, or a given sum. When an invoice is issued,
/// the ledger does so at once, in the same transaction.
/// </summary>
/// <remarks>
/// Both streams must still be at the versions that were read, the invoice's too, on which nothing is
/// appended.
/// </remarks>
public static class ApplyCredit
{
    /// <param name="Id">Of the event; see <see cref="EventIds"/>.</param>
    /// <param name="Money">Null: as much as there is credit and something left to pay.</param>
    public sealed record Command(
        TenantId Tenant, InvoiceId Invoice, Guid Id, Request Request, Money? Money = null);

    /// <param name="invoice">Null where there is no such invoice.</param>
    public static Decision Decide(
        Command command, CreditState state, InvoiceState? invoice, DateTimeOffset now)
    {
        if (state.Applied.GetValueOrDefault(command.Id) is { } earlier)
            return IsSame(command, earlier) ? Decision.AlreadySo : Decision.Refuse(Refusal.KeyReused);
        if (invoice?.Issued.Tenant != command.Tenant) return Decision.Refuse(Refusal.NotFound);

        var toPay = invoice.LeftToPay;
        if (command.Money is { } given && given.Currency != toPay.Currency)
            return Decision.Refuse(Refusal.CurrencyDiffers);
        if (command.Money is { MinorUnits: <= 0 }) return Decision.Refuse(Refusal.AmountNotPositive);

        var left = Least(toPay, Money.Sum(state.UsableAt(now).Select(grant => grant.Left), toPay.Currency));
        if (left.IsZero) return Decision.Refuse(Refusal.NothingLeft, left.ToAmount());
        if (command.Money > left) return Decision.Refuse(Refusal.AboveWhatIsLeft, left.ToAmount());

        var money = command.Money ?? left;
        return Decision.Record(new Append(
            new StreamId.Credit(command.Tenant, money.Currency), command.Id,
            new CreditApplied(
                command.Tenant, command.Invoice, money, [.. Parts(state.UsableAt(now), money)],
                Origin.Of(command.Request, now))));
    }

    private static IEnumerable<CreditPart> Parts(IEnumerable<Grant> grants, Money money)
    {
        foreach (var grant in grants)
        {
            if (money.IsZero) yield break;

            var part = Least(grant.Left, money);
            money -= part;
            yield return new(grant.Id, part);
        }
    }

    private static Money Least(Money left, Money right) => left < right ? left : right;

    private static bool IsSame(Command command, CreditApplied earlier) =>
        earlier.Invoice == command.Invoice && (command.Money is null || command.Money == earlier.Money);
}
