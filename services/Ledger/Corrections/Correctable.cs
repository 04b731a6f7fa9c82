using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.Ledger.Invoices;
using Billing.Ledger.Periods;

namespace Billing.Ledger.Corrections;

/// <summary>
/// A charge with all that a correction of it is decided by, read under the lock of its period.
/// </summary>
/// <param name="Period">The guard of the period that the charge is booked into.</param>
/// <param name="FirstOpen">Where the period is issued: the first open one behind it.</param>
/// <param name="Invoice">Where the period is issued: its invoice.</param>
public sealed record Correctable(
    ChargeState Charge, PeriodGuard Period, Booking? FirstOpen = null, InvoiceState? Invoice = null)
{
    /// <summary>
    /// What can be taken off: what is left of the charge, and where that is invoiced, not more than is left
    /// of its line.
    /// </summary>
    public Amount Left => Line is { } line && line.Left < Charge.Left ? line.Left : Charge.Left;

    /// <summary>The line that the charge is on; null while its period is not issued.</summary>
    public LineState? Line => Period.Status == PeriodStatus.Issued ? Invoice?.LineOf(Charge.Posted) : null;

    /// <summary>Why nobody can correct it now; null: one can.</summary>
    public Refusal? Blocked()
    {
        if (Charge.IsTakenBack) return Refusal.TakenBack;
        if (Period.Status == PeriodStatus.Closed) return Refusal.PeriodBeingInvoiced;
        return Period.Status == PeriodStatus.Issued && Line is null ? Refusal.NoSuchLine : null;
    }

    /// <summary>Of the charge's own period while that is open, else the first open one.</summary>
    public Booking Booking => Period.Status == PeriodStatus.Open
        ? Charge.Posted.Booking
        : FirstOpen ?? throw new InvalidOperationException("An issued period comes with the first open one.");

    /// <summary>What is taken off an invoiced charge weighs on its line.</summary>
    public ChargeRef Ref(Amount change) => Charge.Ref(
        change < Amount.Zero(change.Currency) && Line is { } line
            ? new(Invoice!.Issued.Invoice, line.Issued.Line)
            : null);
}

/// <summary>What every correction asks and does alike.</summary>
internal static class Correcting
{
    /// <summary>A correction names who wants it and why.</summary>
    public static Refusal? Malformed(Request request)
    {
        if (string.IsNullOrWhiteSpace(request.Actor)) return Refusal.ActorMissing;
        return string.IsNullOrWhiteSpace(request.Reason) ? Refusal.ReasonMissing : null;
    }

    /// <summary>The charge of that tenant, or null: others must not even learn that it exists.</summary>
    public static Correctable? Of(TenantId tenant, Correctable? found) =>
        found?.Charge.Posted.Tenant == tenant ? found : null;

    /// <summary>
    /// The event on the charge's stream and, where it weighs on a line, its mark on the invoice's stream, so
    /// that the versions of both guard it.
    /// </summary>
    public static Decision Record(StreamId stream, CorrectionId id, ChargeMoved moved)
    {
        var append = new Append(stream, id.Value, moved);
        return moved.Of.On is { } line
            ? Decision.Record(append, Mark(line, id, moved))
            : Decision.Record(append);
    }

    private static Append Mark(LineRef line, CorrectionId id, ChargeMoved moved) => new(
        new StreamId.Invoice(moved.Tenant, line.Invoice),
        EventIds.Of(new FactId(id.Value), EventNames.LineCorrected),
        new LineCorrected(
            moved.Tenant, line.Invoice, line.Line, moved.Of.Charge, moved.Amount,
            moved.Origin with { Cause = Cause.Of(new FactId(id.Value)) }));
}
