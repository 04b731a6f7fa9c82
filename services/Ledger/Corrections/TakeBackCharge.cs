using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.Ledger.Periods;

namespace Billing.Ledger.Corrections;

/// <summary>
/// The producer canceled the usage behind a charge. Where a person has corrected that charge already, or its
/// invoice line has less left, taking it back as well could give the money back twice: then a person decides.
/// Of a merged charge each event behind it may be taken back. While its period is being invoiced the cancel
/// waits, until there is a line that it can weigh on. Before that it may be more than is left: a use that was
/// free frees an allowance, and what then costs less is another one.
/// </summary>
public static class TakeBackCharge
{
    /// <param name="Rating">The fact id of the cancel, which becomes the event's id.</param>
    /// <param name="Amount">What Pricing says that this changes.</param>
    /// <param name="Booking">Chosen as for any late charge, from the charge's own on.</param>
    /// <param name="Units">What this changes in units.</param>
    public sealed record Command(
        TenantId Tenant,
        ChargeId Charge,
        FactId Rating,
        Amount Amount,
        Booking Booking,
        ChargeTrace Trace,
        Request Request,
        Quantity? Units = null);

    /// <param name="found">Null where the charge is not posted yet: the cancel waits for it.</param>
    public static Decision Decide(Command command, Correctable? found, DateTimeOffset now)
    {
        if (found is not { } state) return Decision.WaitFor(Missing.Charge, Text.Spell(command.Charge));

        var charge = state.Charge;
        if (charge.Corrections.ContainsKey(command.Rating.Value)) return Decision.AlreadySo;
        if (charge.Posted.Tenant != command.Tenant) return Decision.Refuse(Refusal.NotFound);
        if (command.Amount.Currency != charge.Left.Currency) return Decision.Refuse(Refusal.CurrencyDiffers);
        if (charge.IsTakenBack) return Decision.Refuse(Refusal.TakenBack);
        if (charge.IsCorrected) return Decision.Refuse(Refusal.CorrectedByPerson, state.Left);
        if (state.Period.Status == PeriodStatus.Closed)
            return Decision.WaitFor(Missing.Period, Spell(charge.Posted));
        if (state.Period.Status == PeriodStatus.Issued && state.Line is null)
            return Decision.Refuse(Refusal.NoSuchLine);
        if (state.Line is { } line && command.Amount.Trillionths < 0 && -command.Amount > line.Left)
            return Decision.Refuse(Refusal.AboveWhatIsLeft, line.Left);

        return Correcting.Record(charge.Stream, new CorrectionId(command.Rating.Value), new ChargeTakenBack(
            command.Tenant, state.Ref(command.Amount), command.Booking, command.Amount,
            Origin.Of(command.Request, charge.Posted.Origin.EffectiveAt, now), command.Trace, command.Units));
    }

    private static string Spell(ChargePosted posted) =>
        new StreamId.Period(posted.Booking.KeyOf(posted.Tenant, posted.Amount.Currency)).ToString();
}
