using Billing.Contracts.Values;
using Billing.Ledger.Events;

namespace Billing.Ledger.Periods;

/// <summary>
/// Invoicing withdrew the draft of a closed period, which takes entries again. Not after its invoice was
/// issued.
/// </summary>
public static class ReopenPeriod
{
    /// <param name="CloseNumber">The close that shall be undone.</param>
    public sealed record Command(
        TenantId Tenant, Currency Currency, Booking Booking, int CloseNumber, Request Request);

    public static Decision Decide(Command command, PeriodGuard guard, DateTimeOffset now)
    {
        var isUndone = command.CloseNumber < guard.CloseNumber
            || (command.CloseNumber == guard.CloseNumber && guard.Status == PeriodStatus.Open);
        if (command.CloseNumber > 0 && isUndone) return Decision.AlreadySo;
        if (guard.Status == PeriodStatus.Issued) return Decision.Refuse(Refusal.PeriodIssued);
        if (guard.Status == PeriodStatus.Open) return Decision.Refuse(Refusal.PeriodNotClosed);
        if (command.CloseNumber != guard.CloseNumber) return Decision.Refuse(Refusal.CloseNumberDiffers);

        var key = command.Booking.KeyOf(command.Tenant, command.Currency);
        return Decision.Record(new Append(
            new StreamId.Period(key),
            EventIds.Of(command.Tenant, command.Request.Cause, EventNames.PeriodReopened),
            new PeriodReopened(
                command.Tenant, command.Booking, command.Currency, command.CloseNumber,
                Origin.Of(command.Request, now))));
    }
}
