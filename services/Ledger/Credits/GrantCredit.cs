using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger.Credits;

/// <summary>Puts money to a tenant's credit, for invoices to come.</summary>
public static class GrantCredit
{
    /// <param name="Id">Of the grant; see <see cref="EventIds"/>.</param>
    /// <param name="ExpiresAt">From this moment on it cannot be applied; null: never.</param>
    public sealed record Command(
        TenantId Tenant, Guid Id, Money Money, Request Request, DateTimeOffset? ExpiresAt = null);

    public static Decision Decide(Command command, CreditState state, DateTimeOffset now)
    {
        if (state.Find(command.Id) is { } earlier)
            return IsSame(command, earlier.Event) ? Decision.AlreadySo : Decision.Refuse(Refusal.KeyReused);
        if (command.Money.MinorUnits <= 0) return Decision.Refuse(Refusal.AmountNotPositive);
        if (string.IsNullOrWhiteSpace(command.Request.Actor)) return Decision.Refuse(Refusal.ActorMissing);
        if (string.IsNullOrWhiteSpace(command.Request.Reason)) return Decision.Refuse(Refusal.ReasonMissing);
        if (command.ExpiresAt <= now) return Decision.Refuse(Refusal.ExpiryPassed);

        return Decision.Record(new Append(
            new StreamId.Credit(command.Tenant, command.Money.Currency), command.Id,
            new CreditGranted(
                command.Tenant, command.Money, Origin.Of(command.Request, now), command.ExpiresAt)));
    }

    private static bool IsSame(Command command, CreditGranted earlier) =>
        earlier.Money == command.Money && earlier.ExpiresAt == command.ExpiresAt;
}
